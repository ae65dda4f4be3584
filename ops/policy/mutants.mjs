// usage: npm run policy:mutants
// Doubles and halves every threshold of every rule, limit, budget and default of the shipped policies, one at a time, and
// prints for each how many of these its own tests notice. Ends with 1 where one goes unnoticed.
import { failuresOf, lineage, mutants, names, read } from '../../dist/spec/policy/policy-mutants.js';

const began = performance.now();
const cases = names.reduce((sum, name) => sum + (read(`${name}.test.yaml`).match(/^ {2}- name:/gm)?.length ?? 0), 0);
const failing = names.flatMap((name) => failuresOf(name, lineage(name)));
console.log(
  `policy test: ${cases} cases of ${names.length} policies, ${failing.length} fail, ${((performance.now() - began) / 1000).toFixed(2)} s\n`,
);

const unnoticed = [];
console.log('| policy | rule or budget | doubled: noticed | halved: noticed |\n|---|---|---|---|');
for (const name of names) {
  const [own, ...parents] = lineage(name);
  const entries = new Map();
  for (const mutant of mutants(own.text)) {
    const isNoticed = failuresOf(name, [{ path: own.path, text: mutant.text }, ...parents]).length > 0;
    const counts = entries.get(mutant.entry) ?? { 2: [0, 0], 0.5: [0, 0] };
    counts[mutant.times][1] += 1;
    if (isNoticed) counts[mutant.times][0] += 1;
    else unnoticed.push(`${name}, ${mutant.what}`);
    entries.set(mutant.entry, counts);
  }
  for (const [entry, counts] of entries)
    console.log(`| ${name} | ${entry} | ${counts[2].join(' of ')} | ${counts[0.5].join(' of ')} |`);
}
for (const what of unnoticed) console.log(`unnoticed: ${what}`);
console.log(`\n${unnoticed.length} go unnoticed; ${((performance.now() - began) / 1000).toFixed(1)} s in all`);
process.exitCode = unnoticed.length + failing.length > 0 ? 1 : 0;
