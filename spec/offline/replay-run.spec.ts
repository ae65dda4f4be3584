import { expect } from 'chai';
import { interruptionsIn, policyOfRow, type ReplayRow, replayRun, underAnother } from '#offline/replay-run';
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
  extraTokens: {},
  decisive: [],
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

  it('decides nothing at ticks that action heard of after a stop began, however late it began', () => {
    const stop = (judgedToMs: number | null) =>
      ({ seq: 9, atMs: 9000, kind: 'stop-began', judgedToMs }) as unknown as Fact;
    const decision = told(1, 10, { kind: 'decision-made', cpu: 60 });
    const averted = told(2, 2500, { kind: 'action-averted' });
    expect(decidedOn([decision, averted, stop(2900)])).to.deep.equal([60]);
    expect(decidedOn([decision, averted, stop(null)])).to.deep.equal([60, 63]);
    expect(decidedOn([stop(-1)]), 'nothing was heard of at all').to.deep.equal([]);
  });

  it('is judged to its end by another policy, whatever action had heard of when it was stopped', () => {
    const stop = { seq: 9, atMs: 3500, kind: 'stop-began', judgedToMs: -1 } as unknown as Fact;
    const interruptions = underAnother(interruptionsIn([told(1, 2500, { kind: 'action-averted' }), stop]));
    const replay = replayRun({ run, policyFor: () => policy, interruptions, until: 'end' });
    const heard = Array.from({ length: 8 }, (_, tick) => replay.tick(row(tick * 1000, 60 + tick)));
    expect(replay.decisions.map(({ atMs }) => atMs)).to.deep.equal([0]);
    expect(heard).to.deep.equal([true, true, true, true, false, false, false, false]);
  });

  it('begins a ladder again where a later policy asks for another step, or for another sum', () => {
    const of = (rule: string) => {
      const files = [{ path: 'p.yaml', text: text.replace('{ id: hot, when: cpu.pct > 50, action: pause }', rule) }];
      return compilePolicy({ name: 'p', hash: hashOf(files), files });
    };
    const stages = [
      of('{ id: hot, when: cpu.pct > 50, action: alert }'),
      of('{ id: hot, when: cpu.pct > 50, action: pause }'),
      of('{ id: hot, when: cpu.pct > 50, action: pause, severity: critical }'),
      of('{ id: hot, when: cpu.pct > 55, action: pause }'),
    ];
    const policyFor = ({ atMs }: ReplayRow) => stages[Math.floor(atMs / 2000)] ?? policy;
    const replay = replayRun({ run, policyFor, interruptions: [], until: 'end' });
    for (let tick = 0; tick < 8; tick++) replay.tick(row(tick * 1000, 60 + tick));
    expect(replay.decisions.map(({ does, numbers }) => `${does} ${numbers['cpu.pct']}`)).to.deep.equal([
      'alert 60',
      'pause 62',
      'pause 66',
    ]);
  });

  it('pauses again over a budget that was extended, also where all of that was spent already', () => {
    const budget = 'budgets: [{ id: job, scope: job, usd: 5, on_exceeded: pause }]\n';
    const files = [{ path: 'p.yaml', text: text.replace(/rules: .*\n/, budget) }];
    const spending = compilePolicy({ name: 'p', hash: hashOf(files), files });
    const policyFor = (seen: ReplayRow) => policyOfRow(spending, seen);
    const replay = replayRun({ run, policyFor, interruptions: [], until: 'end' });
    for (let tick = 0; tick < 6; tick++) {
      const extraUsd: Record<string, number> = tick < 3 ? {} : { job: 2.5 };
      replay.tick({ ...row(tick * 1000, 0), signals: { 'run.age': tick, 'cost.usd': 9 + tick }, extraUsd });
    }
    expect(replay.decisions.map(({ does, numbers }) => `${does} ${numbers['cost.usd']}`)).to.deep.equal([
      'pause 9',
      'pause 12',
    ]);
  });

  it('pauses again over tokens that were added, where those are spent as well', () => {
    const budget = 'budgets: [{ id: job, scope: job, tokens: 9k, on_exceeded: pause }]\n';
    const files = [{ path: 'p.yaml', text: text.replace(/rules: .*\n/, budget) }];
    const spending = compilePolicy({ name: 'p', hash: hashOf(files), files });
    const policyFor = (seen: ReplayRow) => policyOfRow(spending, seen);
    const replay = replayRun({ run, policyFor, interruptions: [], until: 'end' });
    for (let tick = 0; tick < 6; tick++) {
      const extraTokens: Record<string, number> = tick < 2 ? {} : { job: 3500 };
      const signals = { 'run.age': tick, 'tokens.total': 9000 + 1000 * tick };
      replay.tick({ ...row(tick * 1000, 0), signals, extraTokens });
    }
    expect(replay.decisions.map(({ numbers }) => numbers['tokens.total'])).to.deep.equal([9000, 13_000]);
  });

  it('begins anew where a stop left something alive', () => {
    const stop = { seq: 2, atMs: 1500, kind: 'stop-began', judgedToMs: 1000 } as unknown as Fact;
    const failed = { seq: 3, atMs: 4500, kind: 'kill-incomplete' } as unknown as Fact;
    expect(decidedOn([told(1, 10, { kind: 'decision-made', cpu: 60 }), stop, failed])).to.deep.equal([60, 65]);
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
