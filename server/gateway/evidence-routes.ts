import { openPolicyStore } from '#config/policy-store';
import { compilePolicy } from '#policy/compile-policy';
import { explainRules } from '#policy/explain-rules';
import type { Fact } from '#protocol/facts';
import { isDestructive } from '#protocol/judgement';
import type { RuleEvidence } from '#protocol/policies';
import type { SignalVector } from '#protocol/signals';
import { json, nothing, type Route, refused, route } from './route.ts';
import { withRun } from './run-routes.ts';
import { runRef } from './shapes.ts';
import type { Site } from './site.ts';

const mostFacts = 10_000;

/** Why rules think what they think, and what came of it. */
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
  route({
    method: 'get',
    paths: ['/v1/policies/evidence'],
    door: 'key',
    summary: 'For each rule: how often it fired, what it did or would have done, and what people said of it.',
    returns: 'RuleEvidence[]',
    params: nothing,
    query: nothing,
    body: nothing,
    handle: async (_, { ledger }) => {
      const entries = await ledger.ofKinds(['incident-opened', 'decision-made', 'incident-acknowledged'], mostFacts);
      return json(evidenceIn(entries.map(({ fact }) => fact)));
    },
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

const evidenceIn = (facts: readonly Fact[]): readonly RuleEvidence[] => {
  const known = new Map<string, RuleEvidence>();
  for (const fact of facts) {
    if (!('rule' in fact)) continue;
    const before = known.get(fact.rule) ?? { ...nothingYet, rule: fact.rule, sinceMs: fact.atMs };
    known.set(fact.rule, { ...added(before, fact), sinceMs: Math.min(before.sinceMs, fact.atMs) });
  }
  return [...known.values()].sort((a, b) => a.rule.localeCompare(b.rule));
};

const nothingYet = { firings: 0, wouldHaveActed: 0, acted: 0, right: 0, wrong: 0 } as const;

const added = (seen: RuleEvidence, fact: Fact): RuleEvidence => {
  if (fact.kind === 'incident-opened') return { ...seen, firings: seen.firings + 1 };
  if (fact.kind === 'incident-acknowledged')
    return {
      ...seen,
      right: seen.right + (fact.verdict === 'right' ? 1 : 0),
      wrong: seen.wrong + (fact.verdict === 'wrong' ? 1 : 0),
    };
  if (fact.kind !== 'decision-made' || !isDestructive(fact.wouldDo)) return seen;
  return fact.enforced ? { ...seen, acted: seen.acted + 1 } : { ...seen, wouldHaveActed: seen.wouldHaveActed + 1 };
};
