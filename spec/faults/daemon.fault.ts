import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { Fact } from '#protocol/facts';
import { parseGivenBack } from '#protocol/given-back';
import type { RunId } from '#protocol/ids';
import { isRunning, script } from '../e2e/flowforge.ts';
import { type Fault, held, spread, type Verdict } from './fault.ts';
import { type GuardedHome, isEnded, openHome, usualLoad } from './guarded-home.ts';

const printer = (options: {
  readonly rate: number;
  readonly count: number;
  readonly code?: number;
  /** Characters more a line. */
  readonly pad?: number;
}): readonly string[] => [
  'python3',
  script('prints_lines.py'),
  ...[
    '--rate',
    String(options.rate),
    '--count',
    String(options.count),
    '--code',
    String(options.code ?? 0),
    '--pad',
    String(options.pad ?? 0),
    '--timeout',
    '300',
  ],
];

const settled = (home: GuardedHome, runId: RunId, deadlineMs = 60_000) =>
  home.forge.until(
    `run ${runId} to settle`,
    async () => {
      const view = await home.view(runId);
      return isEnded(view) ? view : null;
    },
    deadlineMs,
  );

const killOften = async (home: GuardedHome, times: number): Promise<void> => {
  for (let round = 0; round < times; round += 1) {
    const dead = await home.killDaemon();
    await home.untilGuarding(dead);
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 200));
  }
};

const killedUnderFlow = async ({ short }: { readonly short: boolean }): Promise<Verdict> => {
  const home = await openHome({
    env: { FLOWFORGE_LOG_CAP: '1MB', FLOWFORGE_ARCHIVE: 'on', FLOWFORGE_ARCHIVE_AFTER: '0s' },
  });
  const count = short ? 18_000 : 60_000;
  const times = short ? 4 : 26;
  // Several times the cap in the short form, too: the archive has to begin while the job still runs.
  const { runId } = await home.start(printer({ rate: short ? 1_500 : 1_000, count, code: 5, pad: short ? 400 : 80 }));
  const file = (name: string): string => path.join(home.home, 'runs', runId, name);
  // On a slow machine the job could be over before any daemon lives long enough to give something back.
  const givenBack = (): number =>
    existsSync(file('given-back')) ? parseGivenBack(readFileSync(file('given-back'), 'utf8')).stdout : 0;
  await home.forge.until('bytes to be given back while it runs', async () => givenBack() > 100_000);
  await killOften(home, times);
  const given = givenBack();
  const view = await settled(home, runId, 180_000);
  expect(view.exitCode).to.equal(5);
  const archived = await home.untilFact(runId, 'log-archived', 60_000);
  expect([existsSync(file('stdout.log')), archived.lines]).to.deep.equal([false, count]);
  const { stdout } = await home.forge.run('logs', runId);
  const numbers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => Number(/^line (\d+) of/.exec(line)?.[1]));
  expect(numbers).to.deep.equal(Array.from({ length: count }, (_, at) => at + 1));
  expect(
    (await home.facts(runId)).filter((fact) => fact.kind === 'output-gap'),
    'nothing was lost',
  ).to.deep.equal([]);
  const index = readFileSync(file('index'), 'latin1').trimEnd().split('\n');
  const counted = Number(index.at(-1)?.split(' ')[3]);
  expect(counted, 'lines counted by sampling').to.equal(count);
  await home.end();
  const kb = (bytes: number): number => Math.round(bytes / 1_000);
  return held(
    `${times} kills, ${count} lines exactly once in \`logs\`, counted once, exit code 5; ${kb(given)} of ${kb(archived.bytes)} KB had left the capped log after the last kill, the archive has ${kb(archived.archivedBytes)} KB`,
  );
};

const endedMeanwhile = async (): Promise<Verdict> => {
  const home = await openHome();
  const { runId } = await home.start(['sh', '-c', 'sleep 0.5; exit 7']);
  const dead = await home.killDaemon();
  await home.untilGuarding(dead);
  const view = await settled(home, runId);
  expect(view.exitCode).to.equal(7);
  expect(view.endedAtMs).to.equal(Math.floor(statSync(path.join(home.home, 'runs', runId, 'exit')).mtimeMs));
  await home.end();
  return held('exit code 7 and the time of the end, from the exit file');
};

/** Each step of the kill protocol is between two facts. */
const steps = [
  'before:stop-began',
  'after:stop-began',
  'after:stop-signalled:SIGTERM',
  'before:stop-signalled:SIGKILL',
  'after:stop-signalled:SIGKILL',
  'before:stop-verified',
  'after:stop-verified',
  'before:run-settled',
  'after:run-settled',
] as const;

const killedWhileKilling = async ({ short }: { readonly short: boolean }): Promise<Verdict> => {
  const chosen = short ? [steps[1], steps[6]] : steps;
  const tookMs: number[] = [];
  for (const step of chosen) {
    const home = await openHome({ load: short ? null : usualLoad, env: { FLOWFORGE_FAILPOINT: step } });
    const { runId } = await home.start(['sh', script('tree.sh'), '--timeout', '60']);
    await home.forge.until(
      'the tree',
      async () => (await home.ask((client) => client.log(runId, { tail: 1 }))).lines.length > 0,
    );
    const { pid } = await home.status();
    const beganMs = performance.now();
    // The daemon may die before it can answer: then the wish is made again, as a person would.
    await home.ask((client) => client.command(runId, 'stop', { reason: step, graceMs: 300 })).catch(() => undefined);
    await home.untilGuarding(Number(pid));
    if (step === 'before:stop-began')
      await home.ask((client) => client.command(runId, 'stop', { reason: step, graceMs: 300 })).catch(() => undefined);
    await settled(home, runId);
    tookMs.push(performance.now() - beganMs);
    const facts = await home.facts(runId);
    expect(kinds(facts, 'stop-began'), step).to.have.length(1);
    expect(kinds(facts, 'stop-verified'), step).to.have.length(1);
    expect(kinds(facts, 'run-exited').length + kinds(facts, 'run-lost').length, step).to.equal(1);
    expect(kinds(facts, 'run-restarted'), step).to.have.length(0);
    expect(kinds(facts, 'run-settled'), step).to.have.length(1);
    await home.end();
  }
  return held(
    `${chosen.length} steps, one outcome each; from the wish, through the death, to settled ${spread(tookMs)}`,
  );
};

const kinds = (facts: readonly Fact[], kind: Fact['kind']): readonly Fact[] =>
  facts.filter((fact) => fact.kind === kind);

const restartSteps = [
  'before:restart-scheduled',
  'after:restart-scheduled',
  'before:run-restarted',
  'after:run-restarted',
  'before:run-started',
  'after:run-started',
] as const;

const killedWhileRestarting = async ({ short }: { readonly short: boolean }): Promise<Verdict> => {
  const chosen = short ? [restartSteps[1], restartSteps[3]] : restartSteps;
  for (const step of chosen) {
    // A failpoint of a start would be met by the first job of the load.
    const isStart = step.endsWith('run-started');
    const home = await openHome({
      load: short ? null : usualLoad,
      env: isStart ? {} : { FLOWFORGE_FAILPOINT: step },
    });
    const marker = path.join(home.home, 'ran-once');
    const argv = ['sh', '-c', `if [ -e ${marker} ]; then echo again; exec sleep 300; fi; : >${marker}; exit 3`];
    const request = { name: 'again', restart: { mode: 'on-failure', max: 5 } } as const;
    // The daemon may die before it can answer.
    await home.start(argv, request).catch(() => undefined);
    const { runId, jobId } = (await home.ask((client) => client.run('again'))).run;
    if (isStart) await home.untilFact(runId, 'run-restarted').then(() => home.killDaemon());
    const live = await home.forge.until(
      `one live generation after ${step}`,
      async () => {
        const page = await home.ask((client) => client.runs({}));
        const running = page.items.filter(
          (row) => row.jobId === jobId && row.state === 'running' && row.generation > 1,
        );
        return running.length > 0 && existsSync(marker) ? running : null;
      },
      30_000,
    );
    expect(live, step).to.have.length(1);
    const all = (await home.ask((client) => client.runs({}))).items.filter((row) => row.jobId === jobId);
    const processes = all.filter((row) => row.pid !== null && isRunning(row.pid));
    expect(processes, `${step}: processes of the job`).to.have.length(1);
    await Promise.all(live.map((row) => home.stop(row.runId, 0)));
    await home.end();
  }
  return held(`${chosen.length} steps, one live generation after each`);
};

const shimKilled = async (): Promise<Verdict> => {
  const home = await openHome();
  const { runId } = await home.start(['sleep', '300']);
  const pidFile = JSON.parse(readFileSync(path.join(home.home, 'runs', runId, 'pid'), 'utf8')) as {
    shimPid: number;
    pid: number;
  };
  process.kill(pidFile.shimPid, 'SIGKILL');
  const stopped = await home.stop(runId, 200);
  expect(stopped.outcome.kind).to.equal('stop-verified');
  const ended = await settled(home, runId);
  expect(isRunning(pidFile.pid)).to.equal(false);
  expect((await home.facts(runId)).some((fact) => fact.kind === 'run-lost')).to.equal(true);
  const other = await home.start(['sh', '-c', 'sleep 1']);
  const otherPid = JSON.parse(readFileSync(path.join(home.home, 'runs', other.runId, 'pid'), 'utf8')) as {
    shimPid: number;
  };
  const dead = await home.killDaemon();
  process.kill(otherPid.shimPid, 'SIGKILL');
  await home.untilGuarding(dead);
  const lost = await settled(home, other.runId);
  expect(lost.state).to.equal('lost');
  await home.end();
  return held(`still killable (${stopped.tookMs} ms), state ${ended.state}; exit told as unknown after adoption, too`);
};

const secondDaemon = async (): Promise<Verdict> => {
  const home = await openHome();
  const { pid } = await home.status();
  const began = performance.now();
  const { spawnSync } = await import('node:child_process');
  const { fileURLToPath } = await import('node:url');
  const entry = fileURLToPath(new URL('../../server/coordinator/main.js', import.meta.url));
  const second = spawnSync(process.execPath, [entry], {
    env: { ...process.env, FLOWFORGE_HOME: home.home, FLOWFORGE_PORT: '0' },
    encoding: 'utf8',
  });
  const tookMs = performance.now() - began;
  expect(second.status).to.equal(75);
  expect(second.stdout + second.stderr).to.match(/another daemon/);
  expect((await home.status()).pid).to.equal(pid);
  expect(tookMs).to.be.lessThan(3_000);
  await home.end();
  return held(`the second ends with code 75 after ${Math.round(tookMs)} ms and says why; the first is untouched`);
};

export const daemonFaults: readonly Fault[] = [
  { id: 'R01', what: 'the daemon killed over and over while a job writes', inShort: true, provoke: killedUnderFlow },
  { id: 'R02', what: 'the daemon killed, then the job ends', inShort: false, provoke: endedMeanwhile },
  { id: 'R03', what: 'the daemon killed at each step of a kill', inShort: true, provoke: killedWhileKilling },
  { id: 'R04', what: 'the daemon killed at each step of a restart', inShort: true, provoke: killedWhileRestarting },
  { id: 'R05', what: 'the shim killed', inShort: false, provoke: shimKilled },
  { id: 'R08', what: 'a second daemon in the same home', inShort: false, provoke: secondDaemon },
];
