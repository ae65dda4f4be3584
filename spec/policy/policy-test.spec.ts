import { expect } from 'chai';
import { compilePolicy, hashOf } from '#policy/compile-policy';
import { parsePolicyTest, runPolicyTests } from '#policy/policy-test';

const text = [
  'apiVersion: flowforge/v1',
  'kind: Policy',
  'metadata: { name: p }',
  'rollout: { mode: canary, percent: 10 }',
  'budgets: [{ id: purse, scope: job, usd: 10, warn_at: [50%], on_exceeded: pause, extend: { step: 5, max: 1 } }]',
  'rules:',
  '  - { id: hot, when: cpu.pct > 60, for: 2s, stop: { grace: 4s }, action: [{ do: alert }, { do: stop, after: 3s }] }',
  '  - { id: busy, when: cpu.pct > limit.cpu_pct, action: { do: pause, resume_after: 10m } }',
  '  - { id: lost, detect: { log_match: { pattern: "loss: (nan|inf)", count: 3, within: 10s } }, action: stop }',
  '  - { id: loop, detect: { tool_loop: { identical: 4 } }, action: nudge }',
].join('\n');
const files = [{ path: 'p.yaml', text }];
const policy = compilePolicy({ name: 'p', hash: hashOf(files), files });

/** What goes wrong in one case, written in flow style. */
const failuresOf = (body: string): readonly string[] => {
  const test = parsePolicyTest(
    `apiVersion: flowforge/v1\nkind: PolicyTest\npolicy: ./p.yaml\ninterval: 1s\ntests:\n  - { name: one, ${body} }\n`,
    'p.test.yaml',
  );
  const problems = test.kind === 'refused' ? test : runPolicyTests(test, policy);
  if (problems.kind === 'ran') return problems.cases.flatMap((one) => one.failures);
  return problems.problems.map((problem) => `${problem.line}:${problem.column}: ${problem.message}`);
};

describe('testing a policy', () => {
  it('plays the series tick by tick and finds nothing where all is as expected', () => {
    expect(
      failuresOf(
        'signals: { cpu.pct: "1 99x10" }, expect: [{ at: 1s, rule: hot, state: pending }, { at: 3s, rule: hot, state: firing, action: alert }, { at: 6s, rule: hot, action: stop, enforced: true }]',
      ),
    ).to.deep.equal([]);
  });

  it('says what was expected and what came', () => {
    expect(
      failuresOf('signals: { cpu.pct: "99x10" }, expect: [{ at: 1s, rule: hot, state: firing }], never: [stop]'),
    ).to.deep.equal(['at 1s: expected state firing of hot, got pending', 'never stop, but rule hot did at 5s']);
  });

  it('knows both sides of a canary', () => {
    const body = (side: string, enforced: boolean): string =>
      `job: { canary: ${side} }, signals: { cpu.pct: "99x10" }, expect: [{ at: 6s, rule: hot, action: stop, enforced: ${enforced} }]`;
    expect([
      failuresOf(body('in', true)),
      failuresOf(body('out', false)),
      failuresOf(body('out', true)).length,
    ]).to.deep.equal([[], [], 1]);
    expect(failuresOf('job: { canary: out }, signals: { cpu.pct: "99x10" }, never: [stop]')).to.deep.equal([]);
  });

  it('plays lines, and forgets those that left the window', () => {
    const body = (every: string, text: string): string =>
      `lines: [{ start: 1s, every: ${every}, times: 4, text: "step $i ${text}" }]`;
    expect(
      failuresOf(
        `${body('2s', 'loss: nan')}, expect: [{ at: 4s, rule: lost, state: inactive }, { at: 5s, rule: lost, state: firing, action: stop }, { at: 20s, rule: lost, state: inactive }]`,
      ),
    ).to.deep.equal([]);
    expect(
      failuresOf(`${body('6s', 'loss: nan')}, expect: [{ at: 20s, rule: lost, state: inactive }], never: [stop]`),
    ).to.deep.equal([]);
    expect(failuresOf(`${body('1s', 'loss: 3')}, expect: [{ at: 9s, rule: lost, state: inactive }]`)).to.deep.equal([]);
  });

  it('plays tool calls, and takes a changed result for a new one', () => {
    const body = (result: string, state: string): string =>
      `job: { kind: agent }, events: [{ every: 1s, times: 9, tool: { name: Bash, args: ls, result: "${result}" } }], expect: [{ at: 2s, rule: loop, state: inactive }, { at: 8s, rule: loop, state: ${state} }]`;
    expect([failuresOf(body('same', 'firing')), failuresOf(body('$i files', 'inactive'))]).to.deep.equal([[], []]);
  });

  it('tells the state of a budget', () => {
    expect(
      failuresOf(
        'signals: { cost.usd: "0+1x12" }, expect: [{ at: 4s, budget: purse, state: ok }, { at: 5s, budget: purse, state: warn }, { at: 10s, budget: purse, state: exceeded, action: pause }]',
      ),
    ).to.deep.equal([]);
  });

  it('plays what was added to a budget, and no more than its policy allows', () => {
    expect(
      failuresOf(
        'signals: { cost.usd: "0+1x30" }, extensions: [{ at: 11s, budget: purse }, { at: 16s, budget: purse }], expect: [{ at: 10s, budget: purse, state: exceeded }, { at: 11s, budget: purse, state: warn }, { at: 15s, budget: purse, state: exceeded }, { at: 16s, budget: purse, state: exceeded }]',
      ),
    ).to.deep.equal([]);
    expect(failuresOf('extensions: [{ at: 1s, budget: purs }]')[0]).to.match(/^6:49: unknown budget "purs"/);
  });

  it('holds a job against the thresholds of its profile', () => {
    const stateAt = (profile: string, cpuPct: number, state: string): readonly string[] =>
      failuresOf(
        `job: { profile: ${profile} }, signals: { cpu.pct: "${cpuPct}x3" }, expect: [{ at: 0s, rule: busy, state: ${state} }]`,
      );
    expect([stateAt('light', 45, 'firing'), stateAt('standard', 45, 'inactive')]).to.deep.equal([[], []]);
    expect([stateAt('heavy', 70, 'inactive'), stateAt('standard', 70, 'firing')]).to.deep.equal([[], []]);
  });

  it('tells the grace of a stop and the length of a pause', () => {
    const body = (grace: string, resumeAfter: string): string =>
      `signals: { cpu.pct: "99x10" }, expect: [{ at: 6s, rule: hot, grace: ${grace} }, { at: 6s, rule: busy, resume_after: ${resumeAfter} }]`;
    expect(failuresOf(body('4s', '600s'))).to.deep.equal([]);
    expect(failuresOf(body('8s', '20m'))).to.deep.equal([
      'at 6s: expected grace 8s of hot, got 4s',
      'at 6s: expected resume_after 20m of busy, got 10m',
    ]);
  });

  it('refuses what the policy or the catalogue does not know, at its place', () => {
    expect(failuresOf('signals: { cpu.pctt: "9" }')[0]).to.match(
      /^6:29: unknown signal "cpu.pctt". Did you mean cpu.pct\?/,
    );
    expect(failuresOf('expect: [{ at: 1s, rule: hot }]')[0]).to.match(
      /^6:\d+: expected one of state, action, .*: this passes whatever happens/,
    );
    expect(failuresOf('expect: [{ at: 1s, rule: hott, state: firing }]')[0]).to.match(
      /^6:43: unknown rule "hott". Did you mean hot\?/,
    );
    expect(failuresOf('signals: { cpu.pct: "9y9" }')[0]).to.include('expected values such as 1 2 3');
    expect(failuresOf('expect: [{ at: soon, rule: hot }]')[0]).to.include(
      'expected a duration such as 5s or 2m, got "soon"',
    );
    expect(failuresOf('expct: []')[0]).to.include('unknown key "expct" in tests[0]. Did you mean expect?');
  });
});
