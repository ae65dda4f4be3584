import { expect } from 'chai';
import { checkPolicy, type PolicyCheck } from '#config/check-policy';
import { createPolicyChecker, type PolicyChecker } from '#config/policy-checker';
import type { PolicyText } from '#protocol/messages';

const head = 'apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: evil }\n';
const rule = (condition: string): string => `${head}rules:\n  - id: evil\n    when: ${condition}\n`;
const withPattern = (index: number, pattern: string): string =>
  `  - { id: evil-${index}, detect: { log_match: { pattern: ${JSON.stringify(pattern)} } } }`;
const catastrophic = ['(a+)+$', '(a|aa)+$', '(.*a){20}', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$'];

/** Everything here was made to hold up whoever reads it. */
const evil: Readonly<Record<string, string>> = {
  'twenty patterns that explode': `${head}rules:\n${Array.from({ length: 20 }, (_, index) => withPattern(index, catastrophic[index % 5] ?? '')).join('\n')}\n`,
  'an alias bomb': `${head}a: &a [x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 9 }, (_, index) => `${'bcdefghij'[index]}: &${'bcdefghij'[index]} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(', ')}]`).join('\n')}\n`,
  'twenty thousand levels of brackets': `${head}rules: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`,
  'twenty thousand levels of indentation': `${head}rules:\n${Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth + 1)}a:`).join('\n')}\n`,
  'ten megabytes': `${head}# ${'x'.repeat(10 * 1024 * 1024)}\n`,
  'an unknown signal': rule('cpu.pctt > 5'),
  'a comparison of a number with a text': rule('cpu.pct > "high"'),
  'a number where a condition is wanted': rule('cpu.pct + 5'),
  'a condition of ten thousand brackets': rule(`${'('.repeat(10_000)}cpu.pct > 5${')'.repeat(10_000)}`),
};

const toPolicy = (text: string): PolicyText => ({
  name: 'evil.yaml',
  hash: 'f',
  files: [{ path: '/tmp/evil.yaml', text }],
});

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
      expect((user + system) / 1000).to.be.below(100);
      expect(lagMs).to.be.below(300);
    });

  it('takes a good one after all of them', async () => {
    expect(await check(rule('cpu.pct > 5'))).to.deep.equal({ kind: 'good', tests: 0, testsMs: 0 });
  });
});
