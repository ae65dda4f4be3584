import { expect } from 'chai';
import { policyJsonSchema } from '#policy/policy-schema';
import { failuresOf, lineage, mutants, names, read } from './policy-mutants.ts';

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
    it(`${name}: no threshold of a rule, limit or budget can be doubled or halved unnoticed`, () => {
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
