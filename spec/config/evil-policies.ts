import type { PolicyText } from '#protocol/messages';

const head = 'apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: evil }\n';
export const rule = (condition: string): string => `${head}rules:\n  - id: evil\n    when: ${condition}\n`;
const withPattern = (index: number, pattern: string): string =>
  `  - { id: evil-${index}, detect: { log_match: { pattern: ${JSON.stringify(pattern)} } } }`;
const catastrophic = ['((a{0,30}){0,30})b', '(?=(a+)+)$', '(a+)\\1+', '(\\pL{1,50}){1,20}', '(.*a){1000}'];

/** Everything here was made to hold up whoever reads it. */
export const evil: Readonly<Record<string, string>> = {
  'twenty patterns that explode': `${head}rules:\n${Array.from({ length: 20 }, (_, index) => withPattern(index, catastrophic[index % 5] ?? '')).join('\n')}\n`,
  'an alias bomb': `${head}a: &a [x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 9 }, (_, index) => `${'bcdefghij'[index]}: &${'bcdefghij'[index]} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(', ')}]`).join('\n')}\n`,
  'twenty thousand levels of brackets': `${head}rules: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`,
  'two thousand levels of indentation': `${head}rules:\n${Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth + 1)}a:`).join('\n')}\n`,
  'ten megabytes': `${head}# ${'x'.repeat(10 * 1024 * 1024)}\n`,
  'an unknown signal': rule('cpu.pctt > 5'),
  'a comparison of a number with a text': rule('cpu.pct > "high"'),
  'a number where a condition is wanted': rule('cpu.pct + 5'),
  'a condition of ten thousand brackets': rule(`${'('.repeat(10_000)}cpu.pct > 5${')'.repeat(10_000)}`),
};

export const toPolicy = (text: string): PolicyText => ({
  name: 'evil.yaml',
  hash: 'f',
  files: [{ path: '/tmp/evil.yaml', text }],
  patterns: [],
});
