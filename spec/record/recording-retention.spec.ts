import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { pruneRecordings } from '#record/recording-retention';
import { withHome } from './temporary-home.ts';

const nowMs = 1_900_000_000_000;

describe('the retention of recordings', () => {
  const lay = (directory: string): void => {
    mkdirSync(directory, { recursive: true });
    for (const [name, ageS] of [
      ['new.rec', 10],
      ['middle.rec', 1_000],
      ['old.rec', 100_000],
      ['tail.jsonl', 200_000],
    ] as const) {
      writeFileSync(join(directory, name), Buffer.alloc(1_000));
      utimesSync(join(directory, name), nowMs / 1000 - ageS, nowMs / 1000 - ageS);
    }
  };

  it('lets go of what is too old, and of nothing that is not a recording', () =>
    withHome(async (home) => {
      lay(home);
      expect(pruneRecordings(home, nowMs, { maxAgeMs: 50_000_000, maxBytes: 1e9 })).to.equal(1);
      expect(readdirSync(home).sort()).to.deep.equal(['middle.rec', 'new.rec', 'tail.jsonl']);
    }));

  it('lets go of the oldest until the rest has room', () =>
    withHome(async (home) => {
      lay(home);
      expect(pruneRecordings(home, nowMs, { maxAgeMs: 1e12, maxBytes: 1_500 })).to.equal(2);
      expect(readdirSync(home).sort()).to.deep.equal(['new.rec', 'tail.jsonl']);
    }));
});
