import { expect } from 'chai';
import { checkPolicy, type PolicyCheck } from '#config/check-policy';
import { createPolicyChecker, type PolicyChecker } from '#config/policy-checker';
import { slowness } from '../slowness.ts';
import { evil, rule, toPolicy } from './evil-policies.ts';

describe('the checker of policies', function () {
  this.timeout(30_000);
  let checker: PolicyChecker;
  const check = (text: string): Promise<PolicyCheck> => checker.check({ policy: toPolicy(text), test: null });
  before(async () => {
    checker = createPolicyChecker();
    await check(rule('cpu.pct > 5'));
  });
  after(() => checker.close());

  for (const [what, text] of Object.entries(evil))
    it(`refuses ${what} at once, with its place, and keeps nobody waiting`, async () => {
      let lagMs = 0;
      let lastMs = performance.now();
      const beat = setInterval(() => {
        lagMs = Math.max(lagMs, performance.now() - lastMs - 5);
        lastMs = performance.now();
      }, 5);
      const checked = await check(text);
      clearInterval(beat);
      expect(checked.kind).to.equal('refused');
      expect(checked.kind === 'refused' && checked.problem).to.match(/^\/tmp\/evil\.yaml:\d+:\d+: /);
      // Of the processor, not of the clock: other programs may want the same cores.
      const before = process.cpuUsage();
      checkPolicy({ policy: toPolicy(text), test: null });
      const { user, system } = process.cpuUsage(before);
      console.log(
        `      ${((user + system) / 1000).toFixed(0)} ms of work, whoever waited lagged ${lagMs.toFixed(0)} ms`,
      );
      expect((user + system) / 1000).to.be.below(100 * slowness());
      expect(lagMs).to.be.below(300 * slowness());
    });

  it('takes a good one after all of them', async () => {
    expect(await check(rule('cpu.pct > 5'))).to.deep.equal({ kind: 'good', tests: 0, testsMs: 0 });
  });
});
