import { openPolicyStore } from '#config/policy-store';
import { compilePolicy } from '#policy/compile-policy';
import { explainRules } from '#policy/explain-rules';
import type { SignalVector } from '#protocol/signals';
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
    summary: 'Each rule of the policy of a run with the values of its last tick put in.',
    returns: '{ atMs, policyHash, rules: ExplainedRule[] }',
    params: runRef,
    query: nothing,
    body: nothing,
    handle: ({ params }, site) =>
      withRun(site, params.id, async ({ runId }) => {
        const last = await lastTick(site, runId);
        const text = last === null ? null : openPolicyStore(site.status().home).find(last.policyHash);
        if (last === null || text === null)
          return refused({
            status: 404,
            code: 'not-recorded',
            detail: `Of run ${runId} no tick is recorded, or its policy is not kept.`,
            hint: '`flowforge inspect RUN` tells what is known of it.',
          });
        const { atMs, policyHash, signals } = last;
        return json({ atMs, policyHash, rules: explainRules(compilePolicy(text), signals) });
      }),
  }),
];

interface Tick {
  readonly atMs: number;
  readonly policyHash: string;
  readonly signals: SignalVector;
}

const lastTick = async (site: Site, runId: Parameters<Site['recordings']['rows']>[0]): Promise<Tick | null> => {
  let last: Tick | null = null;
  for await (const row of site.recordings.rows(runId, { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })) last = row;
  return last;
};
