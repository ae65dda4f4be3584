import { statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { script } from '../e2e/flowforge.ts';
import { type Fault, held, p95, skipped, spread } from './fault.ts';
import { type GuardedHome, openHome, type Stopped } from './guarded-home.ts';

interface Case {
  readonly argv: readonly string[];
  readonly graceMs: number;
  readonly rounds: number;
  /** Printed by the job once it is in the state that the case is about. */
  readonly until?: string;
}

const stopOften = async (home: GuardedHome, tried: Case): Promise<readonly Stopped[]> => {
  const stops: Stopped[] = [];
  for (let round = 0; round < tried.rounds; round += 1) {
    const { runId } = await home.start(tried.argv);
    await home.forge.until(`"${tried.until ?? 'ready'}"`, async () => {
      const page = await home.ask((client) => client.log(runId, { tail: 5 }));
      return page.lines.some((line) => line.text.includes(tried.until ?? 'ready'));
    });
    stops.push(await home.stop(runId, tried.graceMs));
  }
  return stops;
};

/** Each link of the chain writes one byte: a chain that was said to be gone writes no more. */
const stopChain = async (home: GuardedHome): Promise<Stopped> => {
  const { runId } = await home.start(['perl', script('chain_bomb.pl'), '--timeout', '6']);
  const output = path.join(home.home, 'runs', runId, 'stdout.log');
  await home.forge.until('the chain to begin', async () => statSync(output).size > 0);
  const stopped = await home.stop(runId, 0);
  if (stopped.outcome.kind === 'kill-incomplete') expect(stopped.outcome.survivors).not.to.deep.equal([]);
  else {
    const size = statSync(output).size;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(statSync(output).size, 'bytes of the chain').to.equal(size);
  }
  return stopped;
};

/** Nobody stops it but the guard itself, from within the storm. @returns from the start to "verified empty", ms */
const leaveAlone = async (home: GuardedHome, argv: readonly string[]): Promise<number> => {
  const { runId } = await home.start(argv);
  const { atMs } = await home.untilFact(runId, 'run-started');
  return (await home.untilFact(runId, 'stop-verified', 40_000)).atMs - atMs;
};

const guarded = async (tell: (home: GuardedHome) => Promise<string>): Promise<ReturnType<typeof held>> => {
  const home = await openHome();
  let figure = '';
  try {
    figure = await tell(home);
  } finally {
    await home.end();
  }
  return held(figure);
};

const verified = (stops: readonly Stopped[]): void => {
  expect(stops.map(({ outcome }) => outcome.kind)).to.deep.equal(stops.map(() => 'stop-verified'));
};

const killsOf = (stops: readonly Stopped[]): readonly number[] => stops.map(({ killMs }) => killMs);

const boundaryLimitMs = { cgroup2: 250, 'tag-scan': 1_000, 'process-group': 2_500 } as const;

const clearEnvironment =
  'env -i setsid /bin/sh -c "(/bin/sleep 60 &) ; exec /bin/sleep 60" & echo ready; exec sleep 60';
const rewriteTitle =
  'use POSIX; if (fork == 0) { POSIX::setsid(); $0 = "innocent"; %ENV = (); sleep 60; exit } $0 = "innocent"; $| = 1; print "ready\\n"; sleep 60;';
const deaf = 'trap "" TERM INT HUP; echo ready; while :; do sleep 0.1; done';
const halted = 'sleep 60 & echo ready; kill -STOP $! ; kill -STOP $$; sleep 60';

export const containmentFaults: readonly Fault[] = [
  {
    id: 'C01',
    what: 'nine processes that scatter, stopped',
    inShort: true,
    provoke: ({ level, short }) =>
      guarded(async (home) => {
        const stops = await stopOften(home, {
          argv: ['sh', script('tree.sh'), '--timeout', '60'],
          graceMs: 200,
          rounds: short ? 3 : 20,
        });
        verified(stops);
        expect(p95(killsOf(stops))).to.be.lessThan(boundaryLimitMs[level]);
        return `0 survivors, x${stops.length}; boundary kill to verified ${spread(killsOf(stops))}`;
      }),
  },
  {
    id: 'C02',
    what: 'a daemon without environment, in a session of its own',
    inShort: false,
    provoke: ({ level, short }) =>
      guarded(async (home) => {
        const stops = await stopOften(home, {
          argv: ['sh', '-c', clearEnvironment],
          graceMs: 100,
          rounds: short ? 2 : 20,
        });
        verified(stops);
        expect(p95(killsOf(stops))).to.be.lessThan(boundaryLimitMs[level]);
        return `0 survivors, x${stops.length}; ${spread(killsOf(stops))}`;
      }),
  },
  {
    id: 'C03',
    what: 'processes that rewrite their titles, environment with them',
    inShort: false,
    provoke: ({ level, short }) =>
      guarded(async (home) => {
        const stops = await stopOften(home, { argv: ['perl', '-e', rewriteTitle], graceMs: 0, rounds: short ? 2 : 20 });
        verified(stops);
        expect(p95(killsOf(stops))).to.be.lessThan(boundaryLimitMs[level]);
        return `0 survivors, x${stops.length}; ${spread(killsOf(stops))}`;
      }),
  },
  {
    id: 'C04',
    what: 'a job deaf to SIGTERM',
    inShort: false,
    provoke: ({ level, short }) =>
      guarded(async (home) => {
        const graceMs = 500;
        const stops = await stopOften(home, { argv: ['sh', '-c', deaf], graceMs, rounds: short ? 2 : 20 });
        verified(stops);
        const late = stops.map(({ untilKillMs }) => (untilKillMs ?? Number.NaN) - graceMs);
        const figure = `KILL ${spread(late)} after the grace, verified ${spread(killsOf(stops))} after that, x${stops.length}`;
        expect(p95(late), figure).to.be.at.most(200);
        expect(p95(killsOf(stops)), figure).to.be.lessThan(boundaryLimitMs[level]);
        return figure;
      }),
  },
  {
    id: 'C05',
    what: 'a tree that is stopped (SIGSTOP)',
    inShort: false,
    provoke: ({ level, short }) =>
      guarded(async (home) => {
        const graceMs = 1_000;
        const stops = await stopOften(home, { argv: ['sh', '-c', halted], graceMs, rounds: short ? 2 : 20 });
        verified(stops);
        const took = stops.map(({ tookMs }) => tookMs);
        const figure = `verified ${spread(took)} after the wish (grace ${graceMs} ms), boundary kill to verified ${spread(killsOf(stops))}, x${stops.length}`;
        // Without a cgroup the proof that nobody is left takes its time, which is told from the boundary kill on.
        if (level === 'cgroup2') expect(p95(took), figure).to.be.at.most(graceMs + 200);
        else expect(p95(killsOf(stops)), figure).to.be.at.most(1_000);
        return figure;
      }),
  },
  {
    id: 'C06',
    what: 'a fork bomb that spreads (at most 150 processes, 12 s)',
    inShort: false,
    provoke: ({ level, short }) =>
      guarded(async (home) => {
        const argv = ['python3', script('spread_bomb.py'), '--timeout', '12', '--cap', short ? '60' : '150'];
        const stops = await stopOften(home, { argv, graceMs: 0, rounds: short ? 2 : 20 });
        verified(stops);
        expect(p95(killsOf(stops))).to.be.lessThan(level === 'cgroup2' ? 500 : 2_000);
        const alone: number[] = [];
        for (let round = 0; round < (short ? 1 : 5); round += 1) alone.push(await leaveAlone(home, argv));
        expect(
          Math.max(...alone),
          'from its start to its verified end, by the rule against fork storms',
        ).to.be.lessThan(5_000);
        return `0 survivors, x${stops.length}; ${spread(killsOf(stops))}; nobody asked: gone by the rule ${spread(alone)} after its start, x${alone.length}`;
      }),
  },
  {
    id: 'C07',
    what: 'a chain of processes that fork once and exit',
    inShort: false,
    provoke: ({ level, short }) =>
      guarded(async (home) => {
        const stops: Stopped[] = [];
        for (let round = 0; round < (short ? 2 : 20); round += 1) stops.push(await stopChain(home));
        const dead = stops.filter(({ outcome }) => outcome.kind === 'stop-verified');
        if (level === 'cgroup2') {
          expect(dead).to.have.length(stops.length);
          expect(p95(killsOf(stops))).to.be.at.most(100);
        }
        // Whoever is left was told; the bomb ends itself, and then the end check finds none.
        if (dead.length < stops.length) await new Promise((resolve) => setTimeout(resolve, 6_000));
        return `${dead.length} of ${stops.length} verified, and none of them wrote another byte; ${stops.length - dead.length} told as incomplete; ${spread(killsOf(stops))}`;
      }),
  },
  {
    id: 'C13',
    what: '500 zombies',
    inShort: false,
    provoke: ({ short }) =>
      guarded(async (home) => {
        const count = short ? 100 : 500;
        const argv = ['python3', script('zombie_spawner.py'), '--zombies', String(count), '--hold', '60'];
        const { runId } = await home.start(argv);
        await home.forge.until('the zombies to be there', async () => {
          const page = await home.ask((client) => client.log(runId, { tail: 1 }));
          return page.lines.some((line) => line.text.includes(`${count} zombies`));
        });
        const alive = await home.forge.until('two living processes to be counted', async () => {
          const { row } = await home.ask((client) => client.run(runId));
          return row.processes === 2 ? row.processes : null;
        });
        const stopped = await home.stop(runId, 0);
        expect(stopped.outcome.kind).to.equal('stop-verified');
        return `${count} zombies are not among the ${alive} counted alive; verified empty in ${stopped.tookMs} ms`;
      }),
  },
  {
    id: 'C14',
    what: 'a container without init',
    inShort: false,
    provoke: async () => skipped('no container engine on this machine'),
  },
];
