import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { readProcFile } from '#action/process-identity';
import { eventually, fixture, inLevels } from '../coordinator/shimmed-run.ts';
import { alive, untilAlive } from './levels.ts';
import { rounds, stop } from './stopping.ts';

inLevels('stopping a fork storm', (level, start) => {
  for (let round = 1; round <= rounds; round += 1) {
    it(`freezes and ends one that spreads, round ${round}`, async () => {
      const run = await start(['python3', fixture('spread_bomb.py'), '--timeout', '12', '--cap', '40'], 'ready');
      await untilAlive(run.boundary, 20);
      const { outcome, steps } = await stop(run, { graceMs: 5_000, storm: true });
      expect(steps[0]?.kind).to.equal('frozen');
      expect(outcome.kind).to.equal('verified-empty');
      expect(alive(await run.boundary.members())).to.deep.equal([]);
    });

    it(`ends a chain of short-lived processes, or does not claim to, round ${round}`, async () => {
      const life = `6.${process.pid}`;
      const run = await start(['perl', fixture('chain_bomb.pl'), '--timeout', life], 'ready');
      await eventually('a hundred links', () => (run.stdout().length > 100 ? true : null));
      const { outcome } = await stop(run, { graceMs: 0, storm: true });
      if (level === 'cgroup2') expect(outcome.kind).to.equal('verified-empty');
      const links = run.stdout();
      if (outcome.kind === 'verified-empty') {
        expect(findByTitle(life)).to.deep.equal([]);
        expect(run.stdout(), 'what the chain wrote after it was said to be gone').to.equal(links);
      } else expect(outcome.survivors).not.to.deep.equal([]);
    });
  }
});

/** Looks for a while: at any single moment a chain may have nobody to show. The shim has the title among its arguments, too. */
const findByTitle = (title: string): readonly string[] => {
  const until = performance.now() + 50;
  const found = new Set<string>();
  while (performance.now() < until) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const command = readProcFile(`/proc/${pid}/cmdline`) ?? '';
      if (command.startsWith('perl\0') && command.includes(title)) found.add(pid);
    }
  }
  return [...found];
};
