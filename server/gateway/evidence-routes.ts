import { z } from 'zod';
import { openPolicyStore } from '#config/policy-store';
import { compilePolicy } from '#policy/compile-policy';
import { explainRules } from '#policy/explain-rules';
import { bearsOn } from '#protocol/decisive-events';
import type { RunId } from '#protocol/ids';
import type { ExplainedTickRule } from '#protocol/policies';
import type { RunThresholds } from '#protocol/policy-views';
import { isOver } from '#protocol/run-state';
import type { SignalVector } from '#protocol/signals';
import type { RunView } from '#protocol/views';
import type { RecordedRow } from '#record/recordings';
import { json, nothing, type Route, refused, route } from './route.ts';
import { withRun } from './run-routes.ts';
import { runRef } from './shapes.ts';
import type { Site } from './site.ts';

/** Why rules think what they think. */
export const evidenceRoutes: readonly Route[] = [
  route({
    method: 'get',
    paths: ['/v1/runs/:id/explain'],
    door: 'key',
    summary:
      'Each rule of the policy of a run with the values of one tick put in: the last, or the last up to `at_ms`.',
    returns: '{ atMs, policyHash, rules: ExplainedTickRule[] }',
    params: runRef,
    query: z.strictObject({ at_ms: z.coerce.number().int().min(0).default(Number.MAX_SAFE_INTEGER) }),
    body: nothing,
    handle: ({ params, query }, site) =>
      withRun(site, params.id, async ({ runId }) => {
        const last = await lastTick(site, { runId, fromMs: 0, toMs: query.at_ms });
        const text = last === null ? null : openPolicyStore(site.status().home).find(last.policyHash);
        if (last === null || text === null)
          return refused({
            status: 404,
            code: 'not-recorded',
            detail: `Of run ${runId} no tick is recorded, or its policy is not kept.`,
            hint: '`flowforge inspect RUN` tells what is known of it.',
          });
        const { atMs, policyHash, signals, decisive } = last;
        const policy = compilePolicy(text);
        const rules = explainRules(policy, signals).map((explained): ExplainedTickRule => {
          const reads = policy.rules.find(({ id }) => id === explained.rule)?.reads ?? [];
          return { ...explained, decisive: decisive.filter((event) => bearsOn(event, reads)) };
        });
        return json({ atMs, policyHash, rules });
      }),
  }),
  route({
    method: 'get',
    paths: ['/v1/runs/:id/thresholds'],
    door: 'key',
    summary: 'What the rules that judge a run, or judged it last, hold its signals against; charts draw them.',
    returns: 'RunThresholds',
    params: runRef,
    query: nothing,
    body: nothing,
    handle: ({ params }, site) => withRun(site, params.id, async (view) => json(await thresholdsOf(site, view))),
  }),
];

const thresholdsOf = async (site: Site, view: RunView): Promise<RunThresholds> => {
  const { runId, name, labels } = view;
  const { hash, signals } = await judgedLast(site, view);
  const text = hash === null ? null : openPolicyStore(site.status().home).find(hash);
  return {
    policy: text?.name ?? view.policy,
    policyHash: text?.hash ?? null,
    isEarly: signals === null,
    items: text === null ? [] : await site.bench.thresholds(text, { runId, name, labels, signals }),
  };
};

const lastWordsMs = 120_000;

interface Judged {
  readonly hash: string | null;
  readonly signals: SignalVector | null;
}

const judgedLast = async (site: Site, { runId, state, endedAtMs }: RunView): Promise<Judged> => {
  if (!isOver(state)) {
    const follows = (await site.coordinator.activePolicies()).find(({ runIds }) => runIds.includes(runId));
    return { hash: follows?.hash ?? null, signals: site.fleet.live(runId)?.signals ?? null };
  }
  const last = await lastTick(site, { runId, fromMs: (endedAtMs ?? 0) - lastWordsMs, toMs: Number.MAX_SAFE_INTEGER });
  return { hash: last?.policyHash ?? null, signals: last?.signals ?? null };
};

const lastTick = async (
  site: Site,
  { runId, ...span }: { readonly runId: RunId; readonly fromMs: number; readonly toMs: number },
): Promise<RecordedRow | null> => {
  let last: RecordedRow | null = null;
  for await (const row of site.recordings.rows(runId, span)) last = row;
  return last;
};
