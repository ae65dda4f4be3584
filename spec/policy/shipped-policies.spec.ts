import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { compilePolicy, hashOf, parentsOf } from '#policy/compile-policy';
import type { CompiledPolicy } from '#policy/compiled-policy';
import { policyJsonSchema } from '#policy/policy-schema';
import { parsePolicyTest, runPolicyTests } from '#policy/policy-test';

const names = ['local-default', 'standard', 'agent-fleet'] as const;
const read = (path: string): string => readFileSync(`policies/${path}`, 'utf8');
type Files = { path: string; text: string }[];

const lineage = (name: string): Files => {
  const text = read(`${name}.yaml`);
  return [{ path: `policies/${name}.yaml`, text }, ...parentsOf(text).flatMap(lineage)];
};
const compile = (name: string, files: Files): CompiledPolicy => compilePolicy({ name, hash: hashOf(files), files });

const failuresOf = (name: string, files: Files): string[] => {
  const test = parsePolicyTest(read(`${name}.test.yaml`), `policies/${name}.test.yaml`);
  if (test.kind === 'refused') return test.problems.map((problem) => `line ${problem.line}: ${problem.message}`);
  const report = runPolicyTests(test, compile(name, files));
  if (report.kind === 'refused') return report.problems.map((problem) => `line ${problem.line}: ${problem.message}`);
  return report.cases.flatMap((one) => one.failures.map((failure) => `${one.name}: ${failure}`));
};

describe('the policies that ship', () => {
  for (const name of names)
    it(`${name} passes its own tests`, () => {
      expect(failuresOf(name, lineage(name))).to.deep.equal([]);
    });

  it('are tested by forty cases and more', () => {
    const cases = names.flatMap((name) => read(`${name}.test.yaml`).match(/^ {2}- name:/gm) ?? []);
    expect(cases.length).to.be.at.least(40);
  });

  for (const name of names)
    it(`${name}: no number of a condition can be doubled or halved unnoticed`, () => {
      const survivors = mutants(read(`${name}.yaml`)).filter(({ text }) => {
        const [own, ...parents] = lineage(name);
        return own !== undefined && failuresOf(name, [{ path: own.path, text }, ...parents]).length === 0;
      });
      expect(survivors.map(({ what }) => what)).to.deep.equal([]);
    }).timeout(120_000);

  it('have a schema for editors that is current', () => {
    expect(JSON.parse(read('policy.v1.schema.json'))).to.deep.equal(JSON.parse(JSON.stringify(policyJsonSchema())));
  });
});

/** Each number in a condition, a guard, a dwell, a ladder or a budget of a job, twice and half as large; levels (0 to 3) stay. */
const mutants = (text: string): { what: string; text: string }[] => {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (!/^ +(when|unless|for|detect|tool_loop|usd|tokens|warmup|- \{ do):/.test(line)) return [];
    return [...line.matchAll(/(?<![\w.])\d+(\.\d+)?(?=\*|s|m|h|\b)/g)].flatMap((found) => {
      const value = Number(found[0]);
      const isLevel = /level\s*[<>=]+\s*$/.test(line.slice(0, found.index));
      const isIdle =
        found.index > (line.includes('#') ? line.indexOf('#') : line.length) ||
        line.slice(0, found.index).includes('resume_after');
      if (value === 0 || isLevel || isIdle) return [];
      return [value * 2, Number.isInteger(value) ? Math.floor(value / 2) : value / 2].map((other) => {
        const changed = `${line.slice(0, found.index)}${other}${line.slice(found.index + found[0].length)}`;
        return { what: `line ${index + 1}: ${changed.trim()}`, text: lines.with(index, changed).join('\n') };
      });
    });
  });
};
