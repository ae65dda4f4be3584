import { expect } from 'chai';
import { foldRuleEvidence } from '#gateway/rule-evidence';
import type { RolloutMode } from '#protocol/judgement';
import type { PolicyOutline, RuleOutline } from '#protocol/policy-views';
import { createSealer, decisionMade, incidentOpened, newIncidentId, newRunId } from '../record/told-facts.ts';

const rule = 'cpu-and-repeating';
const outline = (condition: string, mode: RolloutMode): PolicyOutline => ({
  ...{ name: 'mine.yaml', hash: '', notes: [] },
  rollout: { mode, percent: 10, salt: 's' },
  rules: [
    { id: rule, condition, isLimit: false, rollout: { mode, percent: 10, salt: 's' } },
    { id: 'limit.wall_clock', condition: 'limit', isLimit: true, rollout: { mode, percent: 100, salt: 's' } },
  ] as unknown as readonly RuleOutline[],
});
const texts: Readonly<Record<string, PolicyOutline>> = {
  first: outline('narrow', 'shadow'),
  other: outline('wide', 'shadow'),
  again: outline('wide', 'shadow'),
  canary: outline('wide', 'canary'),
};
const outlineOf = (hash: string): PolicyOutline | null => texts[hash] ?? null;

const incident = (policyHash: string, verdict: 'right' | 'wrong', climbed = outlineOf(policyHash)) => {
  const [runId, incidentId] = [newRunId(), newIncidentId()];
  const under = climbed?.rules[0]?.condition ?? '';
  return [
    { ...incidentOpened(runId, incidentId), policyHash },
    { ...decisionMade(runId, incidentId), policyHash, enforced: false, climbed: { condition: under, steps: [] } },
    { kind: 'incident-acknowledged', incidentId, runId, rule, verdict, by: 'cli', note: '' },
  ] as const;
};
const evidenceOf = (inForce: readonly (readonly [number, string])[], ...told: ReturnType<typeof incident>[]) =>
  foldRuleEvidence(
    createSealer()(...told.flat()).map(({ fact }) => fact),
    { inForce: inForce.map(([atMs, hash]) => ({ atMs, hash })), outlineOf },
  );

describe('the evidence for a rule', () => {
  it('is what it caught under its present condition, in whatever mode; what an earlier one caught is told apart', () => {
    const told = [incident('first', 'right'), incident('other', 'right'), incident('canary', 'wrong')];
    const past = [
      [1, 'first'],
      [2, 'other'],
      [3, 'canary'],
    ] as const;
    expect(evidenceOf(past, ...told)).to.deep.equal([
      {
        ...{ policy: 'mine.yaml', rule, mode: 'canary', sinceMs: 3 },
        ...{ fired: 2, firedOtherwise: 1, acted: 0, wouldHaveActed: 2, right: 1, wrong: 1 },
      },
    ]);
  });

  it('leaves out an incident that lived to see another condition: nobody knows which of them was meant', () => {
    const [evidence] = evidenceOf([[2, 'other']], incident('other', 'right', outlineOf('first')));
    expect(evidence).to.include({ fired: 0, firedOtherwise: 1, right: 0 });
  });

  it('is as old as the condition in its mode, whatever else was edited, and begins anew after a break', () => {
    const since = (...hashes: readonly string[]) =>
      evidenceOf(hashes.map((hash, index) => [(index + 1) * 1000, hash] as const))[0]?.sinceMs;
    expect(since('first', 'other', 'again', 'again')).to.equal(2000);
    expect(since('other', 'canary')).to.equal(2000);
    expect(since('other', 'first', 'again')).to.equal(3000);
    expect(since('other')).to.equal(1000);
    expect(since('unknown', 'other'), 'a text that is gone').to.equal(2000);
  });

  it('is none where the present text cannot be read', () => {
    expect(evidenceOf([[1, 'gone']], incident('first', 'right'))).to.deep.equal([]);
  });
});
