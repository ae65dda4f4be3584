import { expect } from 'chai';
import { compilePolicy, hashOf, parentsOf } from '#policy/compile-policy';
import type { CompiledPolicy } from '#policy/compiled-policy';
import { effectiveLimits } from '#policy/limit-rules';
import { PolicyProblem } from '#policy/problem';

const head = (name: string): string => `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: ${name} }\n`;
const parent = `${head('parent')}rollout: { mode: enforce }\nrules:\n  - { id: hot, when: cpu.pct > 90, for: 30s, severity: warn, action: alert }\n  - { id: big, when: mem.rss > 2*GiB, action: pause }\n`;
const compile = (...texts: string[]): CompiledPolicy => {
  const files = texts.map((text, index) => ({ path: index === 0 ? 'mine.yaml' : 'parent.yaml', text }));
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
    expect(refusal(`${head('child')}extends: [mine]\n`)).to.include('extends this policy itself');
  });

  it('lets a rule be stricter than its policy, and never looser', () => {
    const ruled = (policyMode: string, ruleMode: string): string =>
      `${head('p')}rollout: { mode: ${policyMode} }\nrules:\n  - { id: hot, when: cpu.pct > 3, rollout: { mode: ${ruleMode} } }\n`;
    expect(refusal(ruled('enforce', 'shadow'))).to.equal('compiled');
    expect(refusal(ruled('shadow', 'canary'))).to.include(
      'mine.yaml:6:52: a rule may be stricter than its policy, never looser: the policy is in shadow, got canary',
    );
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
});
