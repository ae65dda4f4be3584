import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { carriesTag } from '#action/containment/run-mark';
import { connectDaemon, type DaemonClient } from '#cli/daemon-client';
import { createDaemonLink } from '#cli/daemon-link';
import { CliProblem } from '#cli/problem';
import { toRunRequest } from '#cli/run-request';
import type { DaemonStatus, StartedRun } from '#protocol/control';
import type { Fact, FactKind } from '#protocol/facts';
import type { LogPage, Page } from '#protocol/gateway-api';
import { parseRunId, type RunId } from '#protocol/ids';
import type { RunRequest } from '#protocol/run-spec';
import { isOver } from '#protocol/run-state';
import type { RunView, TimelineEntry } from '#protocol/views';
import { createForge, type Forge, isRunning, script } from '../e2e/flowforge.ts';

/** A daemon with jobs that a fault is let loose on. `end` checks that all is well and leaves nothing. */
export interface GuardedHome {
  readonly forge: Forge;
  readonly home: string;
  /** Survives the death of the daemon: it asks again until the next one answers. */
  ask<T>(question: (client: DaemonClient) => Promise<T>): Promise<T>;
  start(argv: readonly string[], change?: Partial<RunRequest>): Promise<StartedRun>;
  view(runId: RunId): Promise<RunView>;
  facts(runId: RunId | null): Promise<readonly Fact[]>;
  untilFact<K extends FactKind>(runId: RunId, kind: K, deadlineMs?: number): Promise<Extract<Fact, { kind: K }>>;
  stop(runId: RunId, graceMs?: number): Promise<Stopped>;
  status(): Promise<DaemonStatus>;
  /** `kill -9`, and the pid that died. */
  killDaemon(): Promise<number>;
  untilGuarding(deadPid: number): Promise<DaemonStatus>;
  /** Chain, counts, no survivor, no zombie, every line of the load exactly once; then nothing is left. */
  end(): Promise<void>;
}

export interface Stopped {
  readonly outcome: Extract<Fact, { kind: 'stop-verified' | 'kill-incomplete' }>;
  /** From the boundary kill to the verdict; the whole of it where nobody was left to be killed. */
  readonly killMs: number;
  /** From the wish to the boundary kill; null where nobody was left to be killed. */
  readonly untilKillMs: number | null;
  readonly tookMs: number;
}

export interface Load {
  readonly jobs: number;
  readonly linesPerSecond: number;
}

/** 1,000 lines a second in all; the short form has less of it. */
export const usualLoad: Load = { jobs: process.argv.includes('--short') ? 4 : 10, linesPerSecond: 100 };

const openForges = new Set<Forge>();

/** What a fault that failed left behind is ended, so that the next one has the machine to itself. */
export const endOpenHomes = async (): Promise<void> => {
  for (const forge of openForges) {
    openForges.delete(forge);
    await forge.end().catch((cause: unknown) => console.error(`${forge.home}: ${String(cause)}`));
  }
};

export const openHome = async (
  options: {
    readonly load?: Load | null;
    readonly env?: Readonly<Record<string, string>>;
    /** The directory that the home is made in. */
    readonly within?: string;
    /** The uid and gid of daemon and jobs. */
    readonly asUser?: number;
  } = {},
): Promise<GuardedHome> => {
  const forge = createForge({ ...options.env }, options.within, options.asUser);
  const { home } = forge;
  openForges.add(forge);
  const begun = await forge.run('daemon', 'start');
  if (begun.code !== 0) throw new Error(`the daemon did not start: ${begun.stderr}`);
  const client = connectDaemon(path.join(home, 'daemon.sock'));
  const link = createDaemonLink({
    client,
    revive: () => forge.run('daemon', 'start'),
  });
  const { ask } = link;
  const status = (): Promise<DaemonStatus> => ask((client) => client.status());
  const view: GuardedHome['view'] = async (runId) => (await ask((client) => client.run(runId))).run;
  // Not over the link: a start that is asked for twice is two runs.
  const start: GuardedHome['start'] = (argv, change = {}) => client.startRun({ ...requestFor(argv), ...change });

  const facts: GuardedHome['facts'] = async (runId) => {
    const all: Fact[] = [];
    let cursor: string | null = null;
    do {
      const asked: string | null = cursor;
      const page: Page<TimelineEntry> = await ask((client) =>
        client.timeline({ ...(runId === null ? {} : { runId }), cursor: asked }),
      );
      all.push(...page.items.map((entry) => entry.fact));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return all.sort((a, b) => a.seq - b.seq);
  };
  const untilFact: GuardedHome['untilFact'] = (runId, kind, deadlineMs = 20_000) =>
    forge.until(
      `${kind} of ${runId}`,
      async () =>
        (await facts(runId)).find((fact): fact is Extract<Fact, { kind: typeof kind }> => fact.kind === kind) ?? null,
      deadlineMs,
    );
  const stop: GuardedHome['stop'] = async (runId, graceMs) => {
    const wish = { reason: 'fault', ...(graceMs === undefined ? {} : { graceMs }) };
    // Its main process may have ended by itself: then what it left behind is being ended already.
    await ask((client) => client.command(runId, 'stop', wish)).catch((error: unknown) => {
      if (!(error instanceof CliProblem)) throw error;
    });
    const told = await forge.until(
      `the end of ${runId}`,
      async () => {
        const all = await facts(runId);
        return all.some((fact) => fact.kind === 'stop-verified' || fact.kind === 'kill-incomplete') ? all : null;
      },
      30_000,
    );
    return stoppedOf(told);
  };

  const load = await startLoad(start, options.load === undefined ? usualLoad : options.load);
  return {
    forge,
    home,
    ask,
    start,
    view,
    facts,
    untilFact,
    stop,
    status,
    killDaemon: async () => {
      const { pid } = await status();
      process.kill(Number(pid), 'SIGKILL');
      return Number(pid);
    },
    untilGuarding: (deadPid) =>
      forge.until('another daemon', async () => {
        const now = await status();
        return now.running && now.pid !== deadPid ? now : null;
      }),
    end: async () => {
      try {
        await settleLoad({ forge, ask, load });
        await checkInvariants({ forge, ask, status });
      } finally {
        openForges.delete(forge);
        await forge.end();
      }
    },
  };
};

/** What `flowforge run --detach` asks for, without a file of settings in the way. */
export const requestFor = (argv: readonly string[]): RunRequest => ({
  ...toRunRequest(argv, {
    name: null,
    label: [],
    cwd: null,
    config: null,
    detach: true,
    keepOrphans: false,
    queue: false,
    injectFeedback: false,
    transcript: null,
    track: [],
    flags: {},
  }),
  stdin: 'null',
});

const stoppedOf = (facts: readonly Fact[]): Stopped => {
  const outcome = facts.find(
    (fact): fact is Stopped['outcome'] => fact.kind === 'stop-verified' || fact.kind === 'kill-incomplete',
  );
  if (outcome === undefined) throw new TypeError('expected the outcome of a stop among the facts');
  const kill = facts.findLast((fact) => fact.kind === 'stop-signalled' && fact.signal === 'SIGKILL');
  const began = facts.find((fact) => fact.kind === 'stop-began');
  const untilKillMs = kill === undefined || began === undefined ? null : kill.atMs - began.atMs;
  return {
    outcome,
    untilKillMs,
    killMs: kill === undefined ? outcome.tookMs : outcome.atMs - kill.atMs,
    tookMs: outcome.tookMs,
  };
};

const startLoad = async (start: GuardedHome['start'], load: Load | null): Promise<readonly RunId[]> => {
  if (load === null) return [];
  const argv = [
    'python3',
    script('prints_lines.py'),
    '--rate',
    String(load.linesPerSecond),
    '--count',
    '1000000',
    '--timeout',
    '5400',
  ];
  const started = await Promise.all(
    Array.from({ length: load.jobs }, (_, i) => start(argv, { name: `load-${i + 1}` })),
  );
  return started.map(({ runId }) => runId);
};

interface Closing {
  readonly forge: Forge;
  readonly ask: GuardedHome['ask'];
}

/** The load ran through it all, and each of its lines is there once. */
const settleLoad = async ({ forge, ask, load }: Closing & { readonly load: readonly RunId[] }): Promise<void> => {
  const views = await Promise.all(load.map((runId) => ask((client) => client.run(runId))));
  expect(
    views.map(({ run }) => run.state),
    'the load still runs',
  ).to.deep.equal(load.map(() => 'running'));
  await Promise.all(
    load.map((runId) => ask((client) => client.command(runId, 'stop', { reason: 'the fault is over', graceMs: 0 }))),
  );
  await forge.until('the load to end', async () => {
    const now = await Promise.all(load.map((runId) => ask((client) => client.run(runId))));
    return now.every(({ run }) => run.settled);
  });
  for (const runId of load) {
    const numbers = await linesOf({ ask }, runId);
    expect(
      numbers.findIndex((number, i) => number !== i + 1),
      `a line of ${runId} is missing or doubled`,
    ).to.equal(-1);
  }
};

/** The numbers of `prints_lines.py`, from its log wherever that lies now, without a last line that a kill cut. */
export const linesOf = async ({ ask }: Pick<GuardedHome, 'ask'>, runId: RunId): Promise<readonly number[]> => {
  const numbers: number[] = [];
  for (let next: LogPage['next'] | null = null; ; ) {
    const from: LogPage['next'] | null = next;
    const page: LogPage = await ask((client) => client.log(runId, { stdout: 0, stderr: 0, ...from, limit: 5_000 }));
    numbers.push(...page.lines.map(({ text }) => Number(/^line (\d+) of \d/.exec(text)?.[1])));
    if (page.ended || page.lines.length === 0) return Number.isNaN(numbers.at(-1)) ? numbers.slice(0, -1) : numbers;
    next = page.next;
  }
};

const checkInvariants = async ({
  forge,
  ask,
  status,
}: Closing & { readonly status: GuardedHome['status'] }): Promise<void> => {
  const verified = await forge.until('the record to be complete', async () => {
    const proof = await ask((client) => client.verify());
    return proof.waitingFacts === 0 && proof.unsettledRuns.length === 0 && proof.liveRuns === 0 ? proof : null;
  });
  expect(verified.chain.kind, JSON.stringify(verified.chain)).to.equal('ok');
  expect(survivorsIn(forge.home), 'processes that carry the mark of a run').to.deep.equal([]);
  const { pid } = await status();
  expect(zombiesOf(Number(pid)), 'zombies of the daemon').to.equal(0);
};

/** Live processes with the tag of any run of this home, whatever became of the run. */
export const survivorsIn = (home: string): readonly string[] => {
  const tags = readdirSync(path.join(home, 'runs')).flatMap((name): { name: string; tag: number }[] => {
    try {
      const spec = JSON.parse(readFileSync(path.join(home, 'runs', name, 'spec.json'), 'utf8')) as {
        handle: { tag: number };
      };
      return [{ name: parseRunId(name), tag: spec.handle.tag }];
    } catch {
      return []; // a directory that a fault left without a spec
    }
  });
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && isRunning(pid))
    .flatMap((pid) => tags.filter(({ tag }) => carriesTag(pid, tag)).map(({ name }) => `${pid} of ${name}`));
};

const zombiesOf = (parentPid: number): number =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return /^State:\s+Z/m.test(status) && status.includes(`PPid:\t${parentPid}\n`);
      } catch {
        return false; // ended while we looked
      }
    }).length;

export const isEnded = (view: RunView): boolean => isOver(view.state) && view.settled;
