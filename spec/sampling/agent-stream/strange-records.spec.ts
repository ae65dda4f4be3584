import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { createAgentDetectors } from '#detection/agent-detectors';
import { isRecord } from '#sampling/agent-stream/json-record';
import { fixtureDir, readFixture, readStream } from './read-stream.ts';

const streams = readdirSync(fixtureDir)
  .filter((name) => statSync(join(fixtureDir, name)).isDirectory())
  .flatMap((folder) => readdirSync(join(fixtureDir, folder)).map((file) => `${folder}/${file}`));

/** The same records with one value in each replaced by something of another kind, or gone. */
const disturb = (value: unknown, at: () => number, strange: unknown): unknown => {
  if (at() % 7 === 0) return strange;
  if (Array.isArray(value)) return value.map((item) => disturb(item, at, strange));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(() => at() % 11 > 0);
  return Object.fromEntries(
    kept.map(([key, item]) => [key, key === 'type' || key === 'role' ? item : disturb(item, at, strange)]),
  );
};

const strangers = fc.oneof(
  fc.constant(null),
  fc.constant(-1),
  fc.constant(1e300),
  fc.constant('x'),
  fc.constant([[[]]]),
  fc.constant({ a: { b: [] } }),
  fc.boolean(),
  fc.jsonValue(),
);

describe('records that are not as they should be', () => {
  for (const name of streams) {
    it(`do no harm in ${name}`, () => {
      const lines = readFixture(name)
        .toString()
        .split('\n')
        .filter((line) => line.startsWith('{'));
      const [first = ''] = lines;
      fc.assert(
        fc.property(fc.array(fc.nat(1_000), { minLength: 50, maxLength: 50 }), strangers, (dice, strange) => {
          let rolls = 0;
          const roll = (): number => dice[rolls++ % dice.length] ?? 1;
          const disturbed = lines.map((line) => JSON.stringify(disturb(JSON.parse(line), roll, strange)));
          const stream = readStream([first, ...disturbed].join('\n'));
          const detectors = createAgentDetectors();
          detectors.observe(stream.events);
          const strangeSignals = Object.entries(detectors.signals(10_000)).filter(
            ([, value]) => typeof value === 'number' && !(Number.isFinite(value) && value >= 0),
          );
          expect(strangeSignals).to.deep.equal([]);
        }),
        { numRuns: 60 },
      );
    });
  }
});
