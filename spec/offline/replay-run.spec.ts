import { expect } from 'chai';
import { interruptionsIn, type ReplayRow, replayRun } from '#offline/replay-run';
import { compilePolicy, hashOf } from '#policy/compile-policy';
import type { Fact } from '#protocol/facts';
import { parseJobKey } from '#protocol/ids';

const text =
  'apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: p }\nrules: [{ id: hot, when: cpu.pct > 50, action: pause }]\n';
const files = [{ path: 'p.yaml', text }];
const policy = compilePolicy({ name: 'p', hash: hashOf(files), files });
const run = {
  name: 'job',
  labels: {},
  jobKey: parseJobKey('0123456789abcdef0123456789abcdef'),
  rollout: null,
  noKill: false,
  graceMs: 0,
};
const row = (atMs: number, cpu: number): ReplayRow => ({
  atMs,
  policyHash: policy.hash,
  isFirst: atMs === 0,
  acknowledged: [],
  extraUsd: {},
  signals: { 'run.age': atMs / 1000, 'cpu.pct': cpu },
});

/** What action said, when it got to it: only what a replay looks at. */
const told = (seq: number, atMs: number, what: { kind: 'decision-made'; cpu: number } | { kind: 'action-averted' }) =>
  ({
    ...{ seq, atMs, rule: 'hot', step: 0, kind: what.kind },
    ...(what.kind === 'decision-made' ? { numbers: { 'cpu.pct': what.cpu } } : {}),
  }) as unknown as Fact;

describe('a run that is judged again', () => {
  const decidedOn = (facts: readonly Fact[]): unknown[] => {
    const interruptions = interruptionsIn(facts);
    const replay = replayRun({ run, policyFor: () => policy, interruptions, until: 'end' });
    for (let tick = 0; tick < 8; tick++) replay.tick(row(tick * 1000, 60 + tick));
    return replay.decisions.map(({ numbers }) => numbers['cpu.pct']);
  };

  it('decides once where nothing was averted', () => {
    expect(decidedOn([told(1, 10, { kind: 'decision-made', cpu: 60 })])).to.deep.equal([60]);
  });

  it('decides anew after what was averted, at the tick that action looked at next', () => {
    const facts = [
      told(1, 10, { kind: 'decision-made', cpu: 60 }),
      told(2, 2500, { kind: 'action-averted' }),
      told(3, 3010, { kind: 'decision-made', cpu: 63 }),
    ];
    expect(decidedOn(facts)).to.deep.equal([60, 63]);
  });

  it('does so too where action came late and looked at ticks long gone', () => {
    const facts = [
      told(1, 7000, { kind: 'decision-made', cpu: 60 }),
      told(2, 7001, { kind: 'action-averted' }),
      told(3, 7002, { kind: 'decision-made', cpu: 61 }),
      told(4, 7003, { kind: 'action-averted' }),
      told(5, 7004, { kind: 'decision-made', cpu: 62 }),
    ];
    expect(decidedOn(facts)).to.deep.equal([60, 61, 62]);
  });
});
