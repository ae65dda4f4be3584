import { expect } from 'chai';
import { compilePolicy, hashOf, parentsOf } from '#policy/compile-policy';
import type { CompiledPolicy } from '#policy/compiled-policy';
import { extendBudgets } from '#policy/extend-budgets';
import { effectiveLimits } from '#policy/limit-rules';
import { PolicyProblem } from '#policy/problem';

const head = (name: string): string => `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: ${name} }\n`;
const parent = `${head('parent')}rollout: { mode: enforce }\nrules:\n  - { id: hot, when: cpu.pct > 90, for: 30s, severity: warn, action: alert }\n  - { id: big, when: mem.rss > 2*GiB, action: pause }\n`;
const compile = (...texts: string[]): CompiledPolicy => {
  const files = texts.map((text, index) => ({ path: index === 0 ? 'mine.yaml' : 'policies/parent.yaml', text }));
  return compilePolicy({ name: 'mine', hash: hashOf(files), files });
};
const refusal = (...texts: string[]): string => {
  try {
    compile(...texts);
    return 'compiled';
  } catch (error) {
    if (error instanceof PolicyProblem) return error.message;
    throw error;
  }
};
const rule = (policy: CompiledPolicy, id: string) => policy.rules.find((one) => one.id === id);

describe('compiling a policy', () => {
  it('changes the rules of a parent by id, and only in the keys that are named', () => {
    const child = `${head('child')}extends: [parent]\nrules:\n  - { id: hot, for: 8s, action: stop }\n`;
    const policy = compile(child, parent);
    expect(rule(policy, 'hot')).to.include({ dwellMs: 8000, severity: 'warn' });
    expect(rule(policy, 'hot')?.when.text).to.equal('cpu.pct > 90');
    expect(rule(policy, 'hot')?.ladder.map((step) => step.verb)).to.deep.equal(['stop']);
    expect(rule(policy, 'big')?.ladder.map((step) => step.verb)).to.deep.equal(['pause']);
    expect(parentsOf(child)).to.deep.equal(['parent']);
  });

  it('holds only those jobs to its limits and budgets that its match is for', () => {
    const policy = compile(
      `${head('child')}extends: [parent]\nmatch: { kind: agent }\nlimits: { mem.rss: 1GiB, procs.count: 9 }\nbudgets: [{ id: b, scope: job, usd: 5, warn_at: [50%] }]\n`,
      `${head('parent')}limits: { wall_clock: 2h }\nbudgets: [{ id: all, scope: job, usd: 50 }]\n`,
    );
    const holds = (id: string, kind: 'agent' | 'script') =>
      rule(policy, id)?.appliesTo({ name: 'x', kind, labels: {} });
    for (const id of ['limit.mem.rss.policy', 'limit.procs.count', 'budget.b', 'budget.b.warn-50'])
      expect([id, holds(id, 'agent'), holds(id, 'script')]).to.deep.equal([id, true, false]);
    for (const id of ['limit.mem.rss', 'limit.wall_clock', 'budget.all'])
      expect([id, holds(id, 'script')]).to.deep.equal([id, true]);
    expect(policy.limits).to.include({ memBytes: null, wallClockMs: 7_200_000 });
    const more = extendBudgets(policy, new Map([['b', { usd: 3, tokens: 0 }]]));
    expect(
      more.rules.find(({ id }) => id === 'budget.b')?.appliesTo({ name: 'x', kind: 'script', labels: {} }),
    ).to.equal(false);
  });

  it('hands on what it says of restarts', () => {
    const { restart } = compile(
      `${head('mine')}defaults: { restart: { max: 3, within: 30m, backoff: { initial: 2s } } }\n`,
    );
    expect(restart).to.include({ max: 3, withinMs: 1_800_000, initialDelayMs: 2_000, jitter: null });
    expect(compile(head('mine')).restart).to.equal(null);
  });

  it('replaces a condition by a detector, since a rule has one of the two', () => {
    const policy = compile(
      `${head('child')}extends: [parent]\nrules:\n  - { id: hot, detect: { stall: { level: warn } } }\n`,
      parent,
    );
    expect(rule(policy, 'hot')?.when.text).to.equal('stall.level >= 2');
  });

  it('says where a parent or a rule to change is missing', () => {
    expect(refusal(`${head('child')}extends: [parrent]\n`, parent)).to.include(
      'mine.yaml:4:11: unknown parent "parrent". Did you mean parent?',
    );
    expect(refusal(`${head('child')}extends: [parent]\nrules:\n  - { id: hott, for: 8s }\n`, parent)).to.include(
      'rule "hott" has no condition, and no parent has a rule of that id. Did you mean hot?',
    );
    expect(refusal(`${head('child')}extends: [./mine.yaml]\n`)).to.include('extends this policy itself');
  });

  it('knows parents of the same name by the folders they lie in', () => {
    const [a, b] = ['a', 'b'].map((folder) => ({
      path: `/team/${folder}/base.yaml`,
      text: `${head('base')}rules:\n  - { id: of-${folder}, when: cpu.pct > 90 }\n`,
    }));
    const own = { path: '/team/mine.yaml', text: `${head('mine')}extends: [./a/base.yaml, ./b/base.yaml]\n` };
    const files = [own, ...[a, b].filter((file) => file !== undefined)];
    const { rules } = compilePolicy({ name: 'mine', hash: hashOf(files), files });
    expect(rules.map(({ id }) => id)).to.include.members(['of-a', 'of-b']);
  });

  it('lets a file stand on the shipped policy whose name it has', () => {
    const files = [
      { path: '/team/parent.yaml', text: `${head('mine')}extends: [parent]\nrules: [{ id: hot, for: 8s }]\n` },
      { path: 'policies/parent.yaml', text: parent },
    ];
    expect(rule(compilePolicy({ name: 'mine', hash: hashOf(files), files }), 'hot')?.dwellMs).to.equal(8000);
  });

  it('tells what a parent in the middle left out, where it left it out', () => {
    const refusalOf = (middle: string): string => {
      const files = [
        { path: 'mine.yaml', text: `${head('mine')}extends: [./middle.yaml]\n` },
        { path: 'middle.yaml', text: `${head('middle')}extends: [./base.yaml]\n${middle}\n` },
        { path: 'base.yaml', text: parent },
      ];
      try {
        compilePolicy({ name: 'mine', hash: hashOf(files), files });
        return 'compiled';
      } catch (error) {
        return error instanceof PolicyProblem ? error.message : `thrown: ${String(error)}`;
      }
    };
    expect(refusalOf('budgets: [{ id: purse, scope: job }]')).to.include(
      'middle.yaml:5:11: budget "purse" needs "usd" or "tokens", and no parent says it',
    );
    expect(refusalOf('rules: [{ id: hott, for: 8s }]')).to.include(
      'middle.yaml:5:15: rule "hott" has no condition, and no parent has a rule of that id. Did you mean hot?',
    );
  });

  it('lets a rule be stricter than its policy, and never looser', () => {
    const ruled = (policyMode: string, ruleMode: string): string =>
      `${head('p')}rollout: { mode: ${policyMode} }\nrules:\n  - { id: hot, when: cpu.pct > 3, rollout: { mode: ${ruleMode} } }\n`;
    expect(refusal(ruled('enforce', 'shadow'))).to.equal('compiled');
    expect(refusal(ruled('shadow', 'canary'))).to.include(
      'mine.yaml:6:52: a rule may be stricter than its policy, never looser: the policy is in shadow, got canary',
    );
  });

  it('takes no canary of a rule without its share, and none that is wider than its policy says', () => {
    const ruled = (policy: string, own: string): string =>
      refusal(
        `${head('p')}rollout: { ${policy} }\nrules:\n  - { id: hot, when: cpu.pct > 3, action: stop, rollout: { ${own} } }\n`,
      );
    expect(ruled('mode: enforce', 'mode: canary')).to.match(/^mine\.yaml:6:\d+: a canary wants a percent/);
    expect(ruled('mode: enforce', 'percent: 5')).to.match(/^mine\.yaml:6:\d+: a percent is for a canary/);
    expect(ruled('mode: canary, percent: 10', 'percent: 90')).to.match(
      /^mine\.yaml:6:\d+: a rule may be stricter .* never looser: the policy acts on 10 % of the jobs, got 90 %/,
    );
    for (const own of ['mode: canary, percent: 5', 'mode: shadow'])
      expect(ruled('mode: enforce', own), own).to.equal('compiled');
    for (const own of ['mode: canary', 'percent: 5', 'mode: canary, percent: 10'])
      expect(ruled('mode: canary, percent: 10', own), own).to.equal('compiled');
  });

  it('refuses to enforce by inheritance a rule whose canary had its share from the policy', () => {
    const trial = `${head('parent')}rollout: { mode: canary, percent: 10 }\nrules:\n  - { id: hot, when: cpu.pct > 3, rollout: { mode: canary } }\n`;
    const child = `${head('child')}extends: [parent]\nrollout: { mode: enforce }\n`;
    expect(refusal(child, trial)).to.match(/^mine\.yaml:5:1: rule "hot" of a parent: a canary wants a percent/);
  });

  it('takes the tighter of the limits of the policy and of the run', () => {
    const { limits } = compile(`${head('p')}limits: { mem.rss: 1GiB, wall_clock: 1h }\n`);
    const run = {
      maxCpuPct: 60,
      maxMemBytes: 200e6,
      timeoutMs: null,
      graceMs: 5000,
      pollIntervalMs: 500,
      logWindowLines: 10,
    };
    expect(effectiveLimits(limits, run)).to.include({ maxMemBytes: 200e6, timeoutMs: 3_600_000 });
    expect(effectiveLimits(limits, { ...run, maxMemBytes: 8e9 })).to.include({ maxMemBytes: 1024 ** 3 });
  });

  it('gives the same words the same hash, and other words another', () => {
    const [one, other] = [[{ path: 'a', text: 'x' }], [{ path: 'b', text: 'x' }]];
    expect(hashOf(one)).to.equal(hashOf(other));
    expect(hashOf([...one, ...other])).to.not.equal(hashOf([{ path: 'a', text: 'xx' }]));
  });

  it('warns of a model without a price, or holds nobody to dollars that are not known, as it is asked to', () => {
    const priced = (unknown: string): CompiledPolicy =>
      compile(`${head('p')}pricing: { unknown_model: ${unknown} }\nbudgets:\n  - { id: job, scope: job, usd: 5 }\n`);
    const dear = { 'cost.usd': 9, 'tokens.total': 100, 'cost.basis': 'unpriced' };
    expect(rule(priced('warn'), 'budget.unpriced')?.when.holds(dear, false)).to.equal(true);
    expect(rule(priced('warn'), 'budget.job')?.when.holds(dear, false)).to.equal(true);
    const blocked = rule(priced('block-budget-rules'), 'budget.job');
    expect(blocked?.when.holds(dear, false)).to.equal(false);
    expect(blocked?.when.holds({ ...dear, 'cost.basis': 'computed' }, false)).to.equal(true);
  });

  it('never lets dollars stop a job that is on a subscription', () => {
    const budget = (basis: string): CompiledPolicy =>
      compile(
        `${head('p')}pricing: { basis: ${basis} }\nbudgets:\n  - { id: job, scope: job, usd: 5, on_exceeded: stop }\n`,
      );
    expect(rule(budget('api'), 'budget.job')?.ladder[0]?.verb).to.equal('stop');
    expect(rule(budget('subscription'), 'budget.job')?.ladder[0]?.verb).to.equal('alert');
  });

  it('lets the tokens of such a job act, and its dollars beside them only tell', () => {
    const policy = compile(
      `${head('p')}pricing: { basis: subscription }\nbudgets:\n  - { id: job, scope: job, usd: 5, tokens: 20M }\n`,
    );
    const [tokens, dollars] = [rule(policy, 'budget.job'), rule(policy, 'budget.job.usd')];
    const dear = { 'cost.usd': 6, 'tokens.total': 1e6, 'cost.basis': 'computed' };
    expect(tokens?.when.holds(dear, false)).to.equal(false);
    expect(tokens?.when.holds({ ...dear, 'tokens.total': 2e7 }, false)).to.equal(true);
    expect(tokens?.ladder.map(({ verb }) => verb)).to.deep.equal(['pause']);
    expect(dollars?.when.holds(dear, false)).to.equal(true);
    expect(dollars?.ladder.map(({ verb }) => verb)).to.deep.equal(['alert']);
  });
});
