import { expect } from 'chai';
import { createScan, type ScanResult } from '#offline/scan';
import { createRedactor } from '#redaction/redact';
import { madeUpHealth } from './made-up-health.ts';
import { madeUpBatches, madeUpLoops } from './made-up-loops.ts';
import { createDice, type MadeUpStream, Script } from './made-up-stream.ts';

const seeds = [1, 2, 3] as const;

const scanned = ({ make, linesPerSecond }: MadeUpStream, seed: number): ScanResult => {
  const dice = createDice(seed);
  const script = new Script(dice, linesPerSecond);
  make(script, dice);
  const scan = createScan({ format: 'timed-lines', linesPerSecond: 20, redact: createRedactor(), logWindowLines: 10 });
  for (const line of script.lines) scan.feed(Buffer.from(`${JSON.stringify(line)}\n`));
  return scan.finish();
};

describe('streams that no threshold was tuned on', () => {
  describe('loops are warned of', () => {
    for (const stream of madeUpLoops)
      it(stream.name, () => {
        for (const seed of seeds) {
          const { level, findings } = scanned(stream, seed);
          expect(['warn', 'act'], `seed ${seed}: ${JSON.stringify(findings)}`).to.include(level);
        }
      });
  });

  describe('work is left alone', () => {
    for (const stream of [...madeUpHealth, ...madeUpBatches])
      it(stream.name, () => {
        for (const seed of seeds) {
          const { level, findings } = scanned(stream, seed);
          expect(['none', 'observe'], `seed ${seed}: ${JSON.stringify(findings)}`).to.include(level);
        }
      });
  });
});
