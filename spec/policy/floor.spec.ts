import { expect } from 'chai';
import { compilePolicy, hashOf } from '#policy/compile-policy';
import { PolicyProblem } from '#policy/problem';

const team = `apiVersion: flowforge/v1
kind: Policy
metadata: { name: team }
floor: true
limits: { mem.rss: 4GiB, wall_clock: 2h }
budgets:
  - { id: purse, scope: job, usd: 5, on_exceeded: pause, extend: { step: 1, max: 2 } }
rules:
  - id: spins
    when: cpu.pct > 90
    for: 10s
    keep_for: 5s
    action: [{ do: alert }, { do: stop, after: 5s }]
  - id: grows
    when: mem.rss > 3*GiB
    action: { do: pause, resume_after: 10m }
`;
const local = (body: string): string =>
  `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: local }\nextends: [./team.yaml]\n${body}\n`;

/** `line:column: message` of what is refused; none where the file is taken. */
const problemsOf = (body: string, base = team): readonly string[] => {
  const files = [
    { path: 'local.yaml', text: local(body) },
    { path: 'team.yaml', text: base },
  ];
  try {
    compilePolicy({ name: 'local', hash: hashOf(files), files });
    return [];
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    return error.problems.map(({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`);
  }
};

describe('a policy that is a floor', () => {
  const tighter = {
    'lower limits': 'limits: { mem.rss: 2GiB, wall_clock: 90m, procs.count: 50 }',
    'a smaller budget that stops': 'budgets:\n  - { id: purse, scope: job, usd: 4, on_exceeded: stop }',
    'a budget that only warns earlier': 'budgets: [{ id: purse, scope: job, warn_at: [10%] }]',
    'a budget and a rule of its own':
      'budgets: [{ id: own, scope: job, usd: 50 }]\nrules: [{ id: own, when: cpu.pct > 20, action: stop }]',
    'a shorter dwell and a faster ladder': 'rules:\n  - { id: spins, for: 5s, action: stop, severity: critical }',
    'an added step':
      'rules:\n  - { id: spins, action: [{ do: alert }, { do: pause, after: 1s }, { do: stop, after: 5s }] }',
  };
  for (const [what, body] of Object.entries(tighter))
    it(`takes ${what}`, () => expect(problemsOf(body)).to.deep.equal([]));

  const looser: Readonly<Record<string, readonly [string, string]>> = {
    'more memory': [
      'limits:\n  mem.rss: 8GiB',
      '6:3: the floor team may only be tightened: mem.rss is 4GiB, 8GiB is more',
    ],
    'more time': [
      'limits: { wall_clock: 3h }',
      '5:11: the floor team may only be tightened: wall_clock is 2h, 3h is longer',
    ],
    'more money': [
      'budgets: [{ id: purse, scope: job, usd: 6 }]',
      '5:36: the floor team may only be tightened: usd is 5, 6 is more',
    ],
    'a budget that only tells': [
      'budgets: [{ id: purse, scope: job, usd: 5, on_exceeded: alert }]',
      '5:44: the floor team may only be tightened: budget purse asks for more once it is used up',
    ],
    shadow: [
      'rollout: { mode: shadow }',
      '5:12: the floor team may only be tightened: its rollout is enforce, shadow would act less',
    ],
    'another condition': [
      'rules:\n  - { id: spins, when: cpu.pct > 99 }',
      '6:18: the floor team may only be tightened: "when" of rule spins stays as it is; add a rule of another id beside it',
    ],
    'a guard': [
      'rules:\n  - { id: spins, unless: progress.age < 9*s }',
      '6:18: the floor team may only be tightened: "unless" of rule spins stays as it is; add a rule of another id beside it',
    ],
    'a longer dwell': [
      'rules:\n  - { id: spins, for: 11s }',
      '6:18: the floor team may only be tightened: for is 10s, 11s is longer',
    ],
    'a warm-up where there was none': [
      'defaults: { warmup: 1m }',
      '5:13: the floor team may only be tightened: warmup is nothing, 1m is longer',
    ],
    'a later stop': [
      'rules:\n  - { id: spins, action: [{ do: alert }, { do: stop, after: 6s }] }',
      '6:18: the floor team may only be tightened: rule spins does more, or does it sooner',
    ],
    'a condition on the stop': [
      'rules:\n  - { id: spins, action: [{ do: alert }, { do: stop, after: 5s, if: "!acknowledged" }] }',
      '6:18: the floor team may only be tightened: rule spins does more, or does it sooner',
    ],
    'a rule that forgets at once': [
      'rules:\n  - { id: spins, keep_for: 0s }',
      '6:18: the floor team may only be tightened: keep_for is 5s, 0s is shorter',
    ],
    'a day between the request and the kill': [
      'rules:\n  - { id: spins, stop: { grace: 24h } }',
      '6:26: the floor team may only be tightened: grace is 10s, 24h is longer',
    ],
    'a day of grace for all': [
      'defaults: { stop: { grace: 24h } }',
      '5:21: the floor team may only be tightened: grace is 10s, 24h is longer',
    ],
    'a pause that ends by itself before the stop': [
      'rules:\n  - { id: spins, action: [{ do: pause, resume_after: 1s }, { do: stop, after: 5s }] }',
      '6:18: the floor team may only be tightened: rule spins does more, or does it sooner',
    ],
    'a shorter pause': [
      'rules:\n  - { id: grows, action: { do: pause, resume_after: 1s } }',
      '6:18: the floor team may only be tightened: rule grows does more, or does it sooner',
    ],
    'a restart for a stop': [
      'rules:\n  - { id: spins, action: restart }',
      '6:18: the floor team may only be tightened: rule spins does more, or does it sooner',
    ],
    'a rule that matters less': [
      'rules:\n  - { id: spins, severity: info }',
      '6:18: the floor team may only be tightened: rule spins is warn, info is less',
    ],
    'a rule that only watches': [
      'rules:\n  - { id: spins, rollout: { mode: shadow } }',
      '6:29: the floor team may only be tightened: its rollout is enforce, shadow would act less',
    ],
    'no dollars for a model without a price': [
      'pricing: { unknown_model: block-budget-rules }',
      '5:12: the floor team may only be tightened: a model without a price would be held to no dollars',
    ],
    'fewer jobs': [
      'match: { kind: agent }\nrules: [{ id: spins, for: 5s }]',
      '5:1: the floor team may only be tightened: rule spins would be for fewer jobs',
    ],
  };
  for (const [what, [body, problem]] of Object.entries(looser))
    it(`refuses ${what}, with its place`, () => expect(problemsOf(body)).to.deep.equal([`local.yaml:${problem}`]));

  it('is one only where it says so', () => {
    expect(problemsOf('limits: { mem.rss: 8GiB }', team.replace('floor: true\n', ''))).to.deep.equal([]);
  });

  for (const [what, [rule, place]] of Object.entries({
    'a guard': ['{ id: spins, when: cpu.pct > 90, unless: cpu.pct > 1 }', '5:38'],
    shadow: ['{ id: spins, when: cpu.pct > 90, rollout: { mode: shadow } }', '5:49'],
    'a warm-up': ['{ id: spins, when: cpu.pct > 90, warmup: 1h }', '5:38'],
  }))
    it(`holds for a parent that is named before it: ${what}`, () => {
      const files = [
        { path: 'local.yaml', text: local('').replace('[./team.yaml]', '[./loose.yaml, ./team.yaml]') },
        { path: 'loose.yaml', text: local(`rules:\n  - ${rule}`).replace('extends: [./team.yaml]\n', '') },
        { path: 'team.yaml', text: team },
      ];
      expect(() => compilePolicy({ name: 'local', hash: hashOf(files), files })).to.throw(
        new RegExp(`^loose\\.yaml:${place}: the floor team may only be tightened`),
      );
    });

  it('is held against what it stands on itself, and not against its parents alone', () => {
    const files = [
      { path: 'local.yaml', text: local('rules: [{ id: hot, for: 20s }]') },
      {
        path: 'team.yaml',
        text: `${team.replace('floor: true', 'floor: true\nextends: [./base.yaml]')}  - { id: hot, for: 30s }\n`,
      },
      {
        path: 'base.yaml',
        text: local('rules: [{ id: hot, when: cpu.pct > 50 }]').replace('extends: [./team.yaml]\n', ''),
      },
    ];
    expect(compilePolicy({ name: 'local', hash: hashOf(files), files }).ids).to.include('hot');
  });

  it('holds for a parent that is named after it, too', () => {
    const files = [
      { path: 'local.yaml', text: local('').replace('[./team.yaml]', '[./team.yaml, ./loose.yaml]') },
      { path: 'team.yaml', text: team },
      { path: 'loose.yaml', text: local('limits: { mem.rss: 8GiB }').replace('extends: [./team.yaml]\n', '') },
    ];
    expect(() => compilePolicy({ name: 'local', hash: hashOf(files), files })).to.throw(
      /^loose\.yaml:4:11: .*8GiB is more/,
    );
  });
});
