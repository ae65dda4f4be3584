import { expect } from 'chai';
import { compilePolicy, hashOf } from '#policy/compile-policy';
import type { CompiledRule } from '#policy/compiled-policy';
import { LogWindow, longestWindowMs } from '#policy/log-window';
import { PolicyProblem } from '#policy/problem';

const head = 'apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: p }\n';
const compile = (...texts: string[]): readonly CompiledRule[] => {
  const files = texts.map((text, index) => ({ path: index === 0 ? 'p.yaml' : 'policies/parent.yaml', text }));
  return compilePolicy({ name: 'p', hash: hashOf(files), files }).rules.filter(({ isLimit }) => !isLimit);
};
const rule = (detect: string, more = ''): string =>
  `${head}rules:\n  - id: bad\n    detect: { log_match: ${detect} }\n${more}`;
const refusal = (text: string): string => {
  try {
    compile(text);
    return 'compiled';
  } catch (error) {
    if (error instanceof PolicyProblem) return error.message;
    throw error;
  }
};

describe('a rule with log_match', () => {
  it('holds from the count on, and reads one signal of its own', () => {
    const [bad] = compile(rule('{ pattern: nan, count: 5, within: 2m }'));
    const signal = bad?.logMatch?.signal ?? 'log.matches_';
    expect(bad?.reads).to.deep.equal([signal]);
    expect(bad?.when.text).to.equal(`${signal} >= 5 // lines like "nan" within 2m`);
    expect([{}, { [signal]: 4 }, { [signal]: 5 }].map((vector) => bad?.when.holds(vector, false))).to.deep.equal([
      false,
      false,
      true,
    ]);
  });

  it('shares the signal of whoever counts the same lines over the same time, whatever the threshold', () => {
    const signalOf = (detect: string): string | undefined => compile(rule(detect))[0]?.logMatch?.signal;
    const known = signalOf('{ pattern: nan, count: 5, within: 2m }');
    expect(signalOf('{ pattern: nan, count: 9, within: 120s }')).to.equal(known);
    expect(signalOf('{ pattern: nan, count: 5, within: 3m }')).not.to.equal(known);
    expect(signalOf('{ pattern: inf, count: 5, within: 2m }')).not.to.equal(known);
  });

  it('puts its own count where the summary says log.count, also where a child changes nothing but the summary', () => {
    const [bad] = compile(
      `${head}extends: [parent]\nrules: [{ id: bad, summary: "{{log.count}} lines" }]\n`,
      rule('{ pattern: nan }').replace('name: p', 'name: parent'),
    );
    const signal = bad?.logMatch?.signal ?? 'log.matches_';
    expect(bad?.summary.render({ vector: { [signal]: 7 }, jobName: 'job', firingForMs: 0 })).to.equal('7 lines');
  });

  it('is refused with the place of what is wrong', () => {
    expect(refusal(rule('{ pattern: "ok (?=x)" }'))).to.include('p.yaml:6:41: look-ahead and look-behind');
    expect(refusal(rule('{ pattern: "(" }'))).to.include('p.yaml:6:38: not a pattern of RE2: missing closing )');
    expect(refusal(rule('{ pattern: x, within: 25h }'))).to.include('expected more than 0s and at most 24h, got 25h');
    expect(refusal(rule('{ pattern: x, within: 0s }'))).to.include('expected more than 0s');
    const elsewhere = `${head}rules: [{ id: hot, when: cpu.pct > 5, summary: "{{log.count}}" }]\n`;
    expect(refusal(elsewhere)).to.include('log.count is there only in a rule with detect: { log_match }');
    const many = Array.from({ length: 21 }, (_, n) => `  - { id: r${n}, detect: { log_match: { pattern: x${n} } } }`);
    expect(refusal(`${head}rules:\n${many.join('\n')}\n`)).to.include('a policy has at most 20 rules with log_match');
  });
});

describe('the window of a log_match', () => {
  it('counts what came later than its beginning, with the first and the last time', () => {
    const window = new LogWindow();
    for (const atMs of [1000, 2000, 2000, 3000]) window.add(atMs, 1);
    expect(window.since(1000)).to.deep.equal({ count: 3, firstAtMs: 2000, lastAtMs: 3000 });
    expect(window.since(3000)).to.equal(null);
  });

  it('keeps bounded room, and counts rather too few than too many', () => {
    const window = new LogWindow();
    for (let atMs = 1; atMs <= 100_000; atMs++) window.add(atMs, 1);
    expect(window.bytes).to.be.below(40_000);
    expect(window.since(90_000)?.count).to.be.within(9000, 10_000);
    window.add(100_000 + longestWindowMs, 1);
    expect(window.since(0)?.count).to.equal(1);
  });
});
