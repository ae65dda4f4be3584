import type { Fact } from '#protocol/facts';
import { isDestructive } from '#protocol/judgement';
import type { PolicyOutline, RuleEvidence, RuleOutline } from '#protocol/policy-views';

export const evidenceKinds = ['policy-applied', 'incident-opened', 'decision-made', 'incident-acknowledged'] as const;

/** A text, and a moment at which it was seen to judge. */
export interface InForce {
  readonly atMs: number;
  readonly hash: string;
}

interface Past {
  /** Of one policy, oldest first: the last is what judges now. */
  readonly inForce: readonly InForce[];
  /** null where the text is gone, or is none of this policy. */
  readonly outlineOf: (hash: string) => PolicyOutline | null;
}

/**
 * What speaks for each rule of a policy as it stands now. A rule of the same id that looked for something else is another
 * rule: what it caught, and what people said to that, is no evidence. Facts oldest first.
 */
export const foldRuleEvidence = (facts: readonly Fact[], past: Past): readonly RuleEvidence[] => {
  const present = past.outlineOf(past.inForce.at(-1)?.hash ?? '');
  if (present === null) return [];
  const incidents = incidentsIn(facts, past);
  return present.rules.flatMap((rule) => {
    if (rule.isLimit) return [];
    const own = incidents.filter((one) => one.rule === rule.id);
    const same = own.filter(({ conditions }) => [...conditions].every((condition) => condition === rule.condition));
    const count = (holds: (one: Incident) => boolean): number => same.filter(holds).length;
    return [
      {
        policy: present.name,
        rule: rule.id,
        mode: rule.rollout.mode,
        sinceMs: standsSince(rule, past),
        fired: same.length,
        firedOtherwise: own.length - same.length,
        acted: count(({ acted }) => acted === 'did'),
        wouldHaveActed: count(({ acted }) => acted === 'would'),
        right: count(({ verdict }) => verdict === 'right'),
        wrong: count(({ verdict }) => verdict === 'wrong'),
      },
    ];
  });
};

/** Back to the first text from which on the rule had this condition and this mode without a break. */
const standsSince = (rule: RuleOutline, { inForce, outlineOf }: Past): number => {
  const broke = inForce.findLastIndex(({ hash }) => {
    const then = outlineOf(hash)?.rules.find(({ id }) => id === rule.id);
    return then?.condition !== rule.condition || then.rollout.mode !== rule.rollout.mode;
  });
  return inForce[broke + 1]?.atMs ?? 0;
};

interface Incident {
  readonly rule: string;
  /** More than one where the policy changed while it was open: nobody knows which of them a verdict is about. */
  readonly conditions: Set<string>;
  acted: 'did' | 'would' | 'nothing';
  /** The last word counts. */
  verdict: 'right' | 'wrong' | null;
}

const incidentsIn = (facts: readonly Fact[], { outlineOf }: Past): readonly Incident[] => {
  const incidents = new Map<string, Incident>();
  const conditionIn = (hash: string, rule: string): string =>
    outlineOf(hash)?.rules.find(({ id }) => id === rule)?.condition ?? '';
  for (const fact of facts) {
    if (fact.kind === 'incident-opened') {
      if (outlineOf(fact.policyHash) === null) continue;
      const conditions = new Set([conditionIn(fact.policyHash, fact.rule)]);
      incidents.set(fact.incidentId, { rule: fact.rule, conditions, acted: 'nothing', verdict: null });
    } else if (fact.kind === 'decision-made') {
      const incident = incidents.get(fact.incidentId);
      incident?.conditions.add(fact.climbed?.condition ?? conditionIn(fact.policyHash, fact.rule));
      if (incident !== undefined && isDestructive(fact.wouldDo))
        incident.acted = fact.enforced || incident.acted === 'did' ? 'did' : 'would';
    } else if (fact.kind === 'incident-acknowledged') {
      const incident = incidents.get(fact.incidentId);
      if (incident !== undefined && fact.verdict !== null) incident.verdict = fact.verdict;
    }
  }
  return [...incidents.values()];
};
