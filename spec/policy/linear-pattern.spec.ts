import { expect } from 'chai';
import { compilePattern } from '#policy/linear-pattern';

const saysOf = (text: string): string => {
  const result = compilePattern(text);
  return result.kind === 'compiled' ? 'compiled' : `${result.offset}: ${result.message}`;
};
const finds = (pattern: string, text: string): boolean => {
  const result = compilePattern(pattern);
  return result.kind === 'compiled' && result.pattern.test(text);
};

describe('a pattern', () => {
  it('is refused where it has no linear form, with the place inside it', () => {
    const look = 'look-ahead and look-behind are not allowed: they cannot be matched in linear time';
    const back = 'back-references are not allowed: they cannot be matched in linear time';
    expect(['ab(?=c)', 'ab(?!c)', '(?<=a)b', '(?<!a)b'].map(saysOf)).to.deep.equal([
      `2: ${look}`,
      `2: ${look}`,
      `0: ${look}`,
      `0: ${look}`,
    ]);
    expect(saysOf('(a)\\1')).to.equal(`3: ${back}`);
    expect(saysOf('(?P<n>a)\\k<n>')).to.equal(`8: ${back}`);
  });

  it('is refused where it is none, says why, and has its bounds', () => {
    expect(saysOf('ok (')).to.equal('0: not a pattern of RE2: missing closing ): ok (');
    expect(saysOf('ok [z-a]')).to.include('invalid character class range: z-a');
    expect(saysOf('')).to.include('it would fit every line');
    expect(saysOf('a'.repeat(201))).to.equal('200: a pattern has at most 200 characters, this has 201');
    expect(saysOf('(\\pL{1,50}){1,20}')).to.include('unfolds to about 1020 steps, at most 500 are allowed');
    expect(saysOf('\\Q[\\E((a{30}){30})')).to.include('at most 500 are allowed');
    expect(saysOf('[a[:]((a{30}){30})')).to.include('at most 500 are allowed');
  });

  it('finds what it says, in any script', () => {
    expect(finds('(?i)\\bloss\\b[^\\n]{0,40}\\b(nan|inf)\\b', 'step 3 Loss: NaN')).to.equal(true);
    expect(finds('(?i)\\bloss\\b[^\\n]{0,40}\\b(nan|inf)\\b', 'step 3 loss: 0.2')).to.equal(false);
    expect(finds('^\\d{4}-\\d{2}-\\d{2} (ERROR|FATAL)', '2031-01-02 ERROR out of memory')).to.equal(true);
    expect(finds('échec|失敗', '接続に失敗しました')).to.equal(true);
  });

  it('takes a time linear in the line where a backtracking engine would never end', () => {
    const line = `${'a'.repeat(4096)}!`;
    for (const pattern of [
      '(a+)+$',
      '(a*)*b',
      '(a|aa)+$',
      '(x+x+)+y',
      '(a?){30}a{30}b',
      '([a-z]+)*\\d',
      '(\\w+\\s?)*$',
    ]) {
      const before = process.cpuUsage();
      finds(pattern, line);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000, pattern).to.be.below(2000);
    }
  });
});
