import { z } from 'zod';
import { openPolicyStore } from '#config/policy-store';
import { compilePolicy } from '#policy/compile-policy';
import { PolicyProblem } from '#policy/problem';
import type { BacktestProgress } from '#protocol/backtest';
import type { PolicyText } from '#protocol/messages';
import type { Refusal } from './problem-details.ts';
import { type RecordedRun, replayKinds } from './replays.ts';
import { json, nothing, type Reply, type Route, refused, route } from './route.ts';
import { withRun } from './run-routes.ts';
import { runRef } from './shapes.ts';
import type { Site } from './site.ts';

const policyText = z.strictObject({
  name: z.string().min(1).max(200),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  files: z
    .array(z.strictObject({ path: z.string().max(4096), text: z.string().max(262_144) }))
    .min(1)
    .max(16),
  patterns: z.array(z.string().max(200)).max(1600).default([]),
});
const backtestBody = z.strictObject({
  candidate: policyText,
  /** A policy, or a hash of the history; null is what really happened. */
  against: z
    .union([z.string().regex(/^[0-9a-f]{64}$/), policyText])
    .nullable()
    .default(null),
  sinceMs: z.number().int().min(0),
  /** Chosen by who asks: under it the progress is told meanwhile. */
  id: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .nullable()
    .default(null),
});
const replayBody = z.strictObject({ policy: policyText.nullable().default(null) });

const mostRuns = 5_000;
const underWay = new Map<string, BacktestProgress>();

export const backtestRoutes: readonly Route[] = [
  route({
    method: 'post',
    paths: ['/v1/policies/backtest'],
    door: 'key',
    summary: 'Judge recorded runs by another policy and say what it would have done differently.',
    returns: 'BacktestReport',
    bodyLimitBytes: 1_048_576,
    params: nothing,
    query: nothing,
    body: backtestBody,
    handle: async ({ body }, site) => {
      const { id, against: named, ...ask } = body;
      const against = typeof named === 'string' ? openPolicyStore(site.status().home).find(named) : named;
      if (typeof named === 'string' && against === null) return refused(notKept(named));
      return checked([body.candidate, against], async () => {
        const runs = await runsSince(site, body.sinceMs);
        try {
          const told = (progress: BacktestProgress): void => void (id === null || underWay.set(id, progress));
          return json(await site.replays.backtest(runs, { ...ask, against }, told));
        } finally {
          if (id !== null) underWay.delete(id);
        }
      });
    },
  }),
  route({
    method: 'get',
    paths: ['/v1/policies/backtest/:id'],
    door: 'key',
    summary: 'How far a backtest that goes on has come; nothing done of nothing when it has not begun, or is over.',
    returns: 'BacktestProgress',
    params: z.strictObject({ id: z.string() }),
    query: nothing,
    body: nothing,
    handle: ({ params }) => json(underWay.get(params.id) ?? { done: 0, total: 0 }),
  }),
  route({
    method: 'post',
    paths: ['/v1/runs/:id/replay'],
    door: 'key',
    summary: 'Make every decision about a run again from its record: by the policies that judged it, or by another.',
    returns: 'ReplayReport',
    bodyLimitBytes: 1_048_576,
    params: runRef,
    query: nothing,
    body: replayBody,
    handle: ({ params, body }, site) =>
      withRun(site, params.id, ({ runId }) =>
        checked([body.policy], async () => {
          await site.recordings.settle([runId]);
          const facts = await site.ledger.factsOf(runId, replayKinds);
          const report = await site.replays.replay({ runId, facts }, body.policy);
          return report === null ? refused(notRecorded(runId)) : json(report);
        }),
      ),
  }),
];

const checked = async (policies: readonly (PolicyText | null)[], answer: () => Promise<Reply>): Promise<Reply> => {
  try {
    for (const policy of policies) if (policy !== null) compilePolicy(policy);
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    return refused({ status: 400, code: 'policy-refused', detail: error.message, hint: 'flowforge policy check FILE' });
  }
  return answer();
};

export const runsSince = async (site: Site, sinceMs: number): Promise<readonly RecordedRun[]> => {
  const runs: RecordedRun[] = [];
  let cursor: string | null = null;
  do {
    const page = await site.ledger.runs({ cursor, limit: 500, states: [], name: null, labels: [] });
    const inside = page.items.filter(
      (view) => (view.endedAtMs ?? Number.POSITIVE_INFINITY) >= sinceMs && view.startedAtMs !== null,
    );
    for (const { runId } of inside) runs.push({ runId, facts: await site.ledger.factsOf(runId, replayKinds) });
    cursor = page.nextCursor;
  } while (cursor !== null && runs.length < mostRuns);
  await site.recordings.settle(runs.map(({ runId }) => runId));
  return runs;
};

const notKept = (hash: string): Refusal => ({
  status: 404,
  code: 'unknown-policy',
  detail: `No policy ${hash} ever judged a run here.`,
  hint: '`flowforge policy history` lists them.',
});

const notRecorded = (runId: string): Refusal => ({
  status: 404,
  code: 'not-recorded',
  detail: `Of run ${runId} nothing is recorded.`,
  hint: 'Runs are recorded from their first tick; their records go with their age.',
});
