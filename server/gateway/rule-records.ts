import type { Fact } from '#protocol/facts';
import { isDestructive } from '#protocol/judgement';
import type { RuleRecord } from '#protocol/policy-views';

const dayMs = 86_400_000;
export const recordedDays = 7;
export const recordedKinds = [
  'rule-pending',
  'incident-opened',
  'decision-made',
  'action-averted',
  'incident-acknowledged',
] as const;

type Open = { -readonly [Key in keyof RuleRecord]: RuleRecord[Key] } & {
  firedByDay: number[];
  readonly actedIn: Set<string>;
  readonly wouldIn: Set<string>;
  /** The last word on each incident counts. */
  readonly verdicts: Map<string, 'right' | 'wrong'>;
};

interface Reading {
  readonly nowMs: number;
  /** The name of the policy with this hash; null where its text is gone. */
  readonly nameOf: (policyHash: string) => string | null;
}

/** What became of each rule of each policy in the days before `nowMs`; facts oldest first. */
export const foldRuleRecords = (facts: readonly Fact[], { nowMs, nameOf }: Reading): readonly RuleRecord[] => {
  const records = new Map<string, Open>();
  const hashes = new Map<string, string>();
  for (const fact of facts) {
    if (!('rule' in fact) || fact.kind === 'shadow-overdue' || fact.atMs <= nowMs - recordedDays * dayMs) continue;
    if ('policyHash' in fact && 'incidentId' in fact) hashes.set(fact.incidentId, fact.policyHash);
    const hash =
      'policyHash' in fact ? fact.policyHash : 'incidentId' in fact ? hashes.get(fact.incidentId) : undefined;
    const policy = hash === undefined ? null : nameOf(hash);
    if (policy === null) continue;
    const key = `${policy} ${fact.rule}`;
    const record = records.get(key) ?? emptyRecord({ policy, rule: fact.rule, sinceMs: fact.atMs });
    records.set(key, record);
    count(record, fact, nowMs);
  }
  return [...records.values()].map(({ actedIn, wouldIn, verdicts, ...record }) => ({
    ...record,
    acted: actedIn.size,
    wouldHaveActed: wouldIn.size,
    right: [...verdicts.values()].filter((verdict) => verdict === 'right').length,
    wrong: [...verdicts.values()].filter((verdict) => verdict === 'wrong').length,
  }));
};

const count = (record: Open, fact: Fact, nowMs: number): void => {
  switch (fact.kind) {
    case 'rule-pending':
      record.pending += 1;
      return;
    case 'incident-opened': {
      record.fired += 1;
      const day = recordedDays - 1 - Math.min(recordedDays - 1, Math.max(0, Math.floor((nowMs - fact.atMs) / dayMs)));
      record.firedByDay[day] = (record.firedByDay[day] ?? 0) + 1;
      return;
    }
    case 'decision-made':
      if (isDestructive(fact.wouldDo)) (fact.enforced ? record.actedIn : record.wouldIn).add(fact.incidentId);
      return;
    case 'action-averted':
      record.averted += 1;
      return;
    case 'incident-acknowledged':
      if (fact.verdict !== null) record.verdicts.set(fact.incidentId, fact.verdict);
      return;
    default:
      return;
  }
};

const emptyRecord = (of: Pick<RuleRecord, 'policy' | 'rule' | 'sinceMs'>): Open => ({
  ...of,
  pending: 0,
  fired: 0,
  acted: 0,
  wouldHaveActed: 0,
  averted: 0,
  right: 0,
  wrong: 0,
  firedByDay: Array.from({ length: recordedDays }, () => 0),
  actedIn: new Set(),
  wouldIn: new Set(),
  verdicts: new Map(),
});
