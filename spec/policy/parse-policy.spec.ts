import { expect } from 'chai';
import { parsePolicy } from '#policy/parse-policy';
import { formatProblem } from '#policy/problem';

const head = 'apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: mine }\n';
const withRule = (rule: string): string => `${head}rules:\n  - id: hot\n${rule.replaceAll(/^/gm, '    ')}\n`;
const refusal = (text: string): string => {
  const result = parsePolicy(text, 'mine.yaml');
  return result.kind === 'refused' ? result.problems.map(formatProblem).join('\n') : 'parsed';
};
const tookMs = (text: string): number => {
  const startMs = performance.now();
  refusal(text);
  return performance.now() - startMs;
};

describe('reading a policy', () => {
  it('names the place of an unknown signal, draws a caret under it, and guesses what was meant', () => {
    expect(refusal(withRule('when: cpu.pctt > 60'))).to.equal(
      [
        'mine.yaml:6:11: unknown signal "cpu.pctt". Did you mean cpu.pct (percent of one core)?',
        '      when: cpu.pctt > 60',
        '            ^',
      ].join('\n'),
    );
  });

  it('finds the place inside quotes and in the guard and the ladder too', () => {
    const text = withRule(
      'when: "1*m < stall.age"\nunless: "progress.age < 5*minutes"\naction:\n  - { do: stop, if: not acknowledged }',
    );
    expect(refusal(text))
      .to.include('mine.yaml:7:31: unknown name "minutes"')
      .and.include('mine.yaml:9:25: expected an operator; write ! for "not"');
  });

  for (const [what, rule, said] of [
    [
      'a comparison of a text with a number',
      'when: agent.state > 3',
      'mine.yaml:6:11: no such overload: text > number',
    ],
    ['a number where a condition belongs', 'when: cpu.pct + 3', 'expected a condition (true or false), got a number'],
    ['half a condition', 'when: cpu.pct >', 'mine.yaml:6:20: unexpected token: EOF'],
    ['a call', 'when: tools.name.startsWith("B")', 'only comparisons, arithmetic'],
    ['a comprehension', 'when: "[1, 2].exists(x, x > 1)"', 'only comparisons, arithmetic'],
    ['a question about acknowledgement outside of the ladder', 'when: acknowledged', 'unknown name "acknowledged"'],
    [
      'a key with a typing error',
      'when: cpu.pct > 3\nfro: 3s',
      'mine.yaml:7:5: unknown key "fro" in rules[0]. Did you mean for?',
    ],
    [
      'a duration without a unit',
      'when: cpu.pct > 3\nfor: 8',
      'mine.yaml:7:10: rules[0].for: expected a duration such as 8s, 90s or 1h30m, got 8',
    ],
    ['an unknown verb', 'when: cpu.pct > 3\naction: stopp', 'got "stopp". Did you mean stop?'],
    [
      'both a condition and a detector',
      'when: cpu.pct > 3\ndetect: { stall: { level: warn } }',
      'expected either "when" or "detect", got both',
    ],
    ['no condition at all', 'severity: warn', 'rule "hot" needs a condition: expected "when" or "detect"'],
    [
      'an unknown name in a summary',
      'when: cpu.pct > 3\nsummary: "CPU {{cpu.pc}}"',
      'mine.yaml:7:21: unknown signal "cpu.pc". Did you mean cpu.pct?',
    ],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(refusal(withRule(rule))).to.include(said);
    });

  it('refuses what is not YAML, not a mapping, or out of range, each at its place', () => {
    expect(refusal('a: [1\nb: 2')).to.include('mine.yaml:2:1: not YAML');
    expect(refusal('- 3')).to.include('mine.yaml:1:1: the policy: expected a mapping, got a list');
    expect(refusal(`${head}rollout: { mode: canary, percent: 200 }`)).to.include(
      '4:35: rollout.percent: expected at most 100, got 200',
    );
    expect(refusal(`${head}limits: { mem.rss: 16 }`)).to.include('expected a size such as 200MB or 16GiB, got 16');
  });

  it('says what it accepts but does not do yet', () => {
    const result = parsePolicy(
      `${head}notify: { channels: [{ name: desk, type: desktop }], routes: [{ to: [desk] }] }`,
      'mine.yaml',
    );
    expect(result.kind === 'parsed' && result.notes.map((note) => note.message)).to.deep.equal([
      'notification routes are checked but not delivered yet',
    ]);
    expect(refusal(`${head}notify: { channels: [{ name: desk, type: desktop }], routes: [{ to: [dsk] }] }`)).to.include(
      'unknown channel "dsk". Did you mean desk?',
    );
  });
});

describe('a policy made to hurt', () => {
  const anchors = 'bcdefghijk';
  const bomb = [
    'a0: &a [x, x]',
    ...Array.from(
      anchors,
      (name, index) => `${name}0: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(', ')}]`,
    ),
  ].join('\n');
  const evil = {
    'of ten megabytes': 'x'.repeat(10 * 1024 * 1024),
    'with an alias bomb': bomb,
    'nested 20,000 deep in brackets': '['.repeat(20_000),
    'nested 20,000 deep in braces': '{"a":'.repeat(20_000),
    'nested 20,000 deep in dashes': '- '.repeat(20_000),
    'nested 700 deep by indentation': Array.from({ length: 700 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    'with a list of 100,000 numbers': `a: [${'1,'.repeat(100_000)}]`,
    'of 30,000 lines': 'a: 1\n'.repeat(30_000),
    'with a condition nested 5,000 deep': withRule(`when: ${'('.repeat(5000)}true${')'.repeat(5000)}`),
    'with a condition nested in 900 brackets': withRule(`when: ${'('.repeat(900)}true${')'.repeat(900)}`),
  };
  for (const [what, text] of Object.entries(evil))
    it(`${what} is refused with its place, in a tenth of a second`, () => {
      expect(refusal(text)).to.match(/^mine\.yaml:\d+:\d+: /);
      expect(Math.min(...Array.from({ length: 5 }, () => tookMs(text)))).to.be.below(100);
    });

  const patterns = [
    '(?=a)b',
    '(?!a)b',
    '(?<=a)b',
    '(?<!a)b',
    '(a)\\1',
    '(?<n>a)\\k<n>',
    '(',
    ')',
    '[a',
    '[z-a]',
    'a**',
    'a{2}{3}',
    'x{1001}',
    '(?z)a',
    'a\\',
    '((a{0,100}){0,100}){0,100}',
    '(\\pL{1,50}){1,20}',
    '(((((a?){9}){9}){9}){9})',
    '(\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w){1000}',
    'a'.repeat(500),
  ];
  it('with twenty evil patterns is refused twenty times, each at its place, in a tenth of a second', () => {
    const rules = patterns
      .map((pattern, index) => `  - id: r${index}\n    detect: { log_match: { pattern: ${JSON.stringify(pattern)} } }`)
      .join('\n');
    const text = `${head}rules:\n${rules}\n`;
    const result = parsePolicy(text, 'mine.yaml');
    expect(result.kind === 'refused' && result.problems.map((problem) => problem.line)).to.deep.equal(
      patterns.map((_, index) => 6 + index * 2),
    );
    expect(Math.min(...Array.from({ length: 5 }, () => tookMs(text)))).to.be.below(100);
  });
});
