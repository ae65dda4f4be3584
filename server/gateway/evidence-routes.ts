import { z } from 'zod';
import { openPolicyStore } from '#config/policy-store';
import { compilePolicy } from '#policy/compile-policy';
import { explainRules } from '#policy/explain-rules';
import type { RunId } from '#protocol/ids';
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
    summary:
      'Each rule of the policy of a run with the values of one tick put in: the last, or the last up to `at_ms`.',
    returns: '{ atMs, policyHash, rules: ExplainedRule[] }',
    params: runRef,
    query: z.strictObject({ at_ms: z.coerce.number().int().min(0).default(Number.MAX_SAFE_INTEGER) }),
    body: nothing,
    handle: ({ params, query }, site) =>
      withRun(site, params.id, async ({ runId }) => {
        const last = await lastTick(site, { runId, toMs: query.at_ms });
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

const lastTick = async (
  site: Site,
  { runId, toMs }: { readonly runId: RunId; readonly toMs: number },
): Promise<Tick | null> => {
  let last: Tick | null = null;
  for await (const row of site.recordings.rows(runId, { fromMs: 0, toMs })) last = row;
  return last;
};
