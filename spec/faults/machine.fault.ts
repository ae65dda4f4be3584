import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { carriesTag } from '#action/containment/run-mark';
import type { RunId } from '#protocol/ids';
import { isRunning, script } from '../e2e/flowforge.ts';
import { type Fault, type FaultSetting, held, skipped, type Verdict } from './fault.ts';
import { type GuardedHome, isEnded, openHome } from './guarded-home.ts';

const hourMs = 3_600_000;
const nobody = 65_534;
const setpriv = '/usr/bin/setpriv';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Grace, back-off and rules go by a clock that does not jump; only what people read tells the new hour. */
const clockJumps = async ({ short }: FaultSetting): Promise<Verdict> => {
  const clockFile = path.join(mkdtempSync(path.join(tmpdir(), 'ff-clock-')), 'ahead-ms');
  writeFileSync(clockFile, '0');
  const NODE_OPTIONS = `--require ${script('clock_that_jumps.cjs')}`;
  const home = await openHome({ env: { NODE_OPTIONS, FLOWFORGE_CLOCK_FILE: clockFile } });
  const told: string[] = [];
  for (const aheadMs of short ? [hourMs] : [hourMs, -hourMs]) {
    const deaf = await home.start(['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done']);
    await home.forge.until(
      'the trap',
      async () => (await home.ask((client) => client.log(deaf.runId, { tail: 1 }))).lines.length > 0,
    );
    const crashing = await home.start(['sh', '-c', 'exit 9'], {
      name: `falls-${aheadMs}`,
      restart: { mode: 'on-failure', max: 1 },
    });
    await home.untilFact(crashing.runId, 'restart-scheduled');
    const stopping = home.stop(deaf.runId, 2_000);
    await home.untilFact(deaf.runId, 'stop-signalled');
    writeFileSync(clockFile, String(aheadMs));
    const jumpedAtMs = performance.now();
    await home.untilFact(crashing.runId, 'run-restarted');
    const restartedMs = performance.now() - jumpedAtMs;
    const { outcome, tookMs } = await stopping;
    expect(outcome.kind).to.equal('stop-verified');
    expect(tookMs, 'the grace, across the jump').to.be.within(1_990, 4_000);
    expect(restartedMs, 'the back-off, across the jump').to.be.lessThan(4_000);
    await home.forge.until('the job that falls to be left alone', async () =>
      (await home.facts(null)).some((fact) => fact.kind === 'job-quarantined' && fact.jobId === crashing.jobId),
    );
    told.push(
      `${aheadMs > 0 ? '+' : '-'}1 h: stopped after ${tookMs} ms (grace 2000), restarted ${Math.round(restartedMs)} ms later`,
    );
  }
  await sleep(3_000);
  const facts = await home.facts(null);
  expect(
    facts.filter((fact) => fact.kind === 'incident-opened' && fact.rule !== 'restart-limit'),
    'incidents but that of the job that falls',
  ).to.deep.equal([]);
  expect(
    facts.filter((fact) => fact.kind === 'stop-began'),
    'stops',
  ).to.have.length(told.length);
  expect(
    facts.filter((fact) => fact.kind === 'worker-died'),
    'workers replaced',
  ).to.deep.equal([]);
  await home.end();
  rmSync(path.dirname(clockFile), { recursive: true });
  return held(`${told.join('; ')}; no incident but the quarantine, no other stop`);
};

/** A daemon of an unprivileged user, and a job with a child that became root. */
const foreignChild = async (): Promise<Verdict> => {
  if (process.getuid?.() !== 0) return skipped('only root can make a process of another user here');
  if (!existsSync(setpriv)) return skipped('there is no setpriv to become another user with');
  if (!isOpenToAll(process.cwd())) return skipped('another user may not enter the directory of this checkout');
  const home = await openHome({ load: null, asUser: nobody });
  const becomesRoot = path.join(home.home, 'becomes-root');
  copyFileSync(setpriv, becomesRoot);
  chmodSync(becomesRoot, 0o4755);
  const { runId } = await home.start([
    'sh',
    '-c',
    `${becomesRoot} --reuid 0 --regid 0 --clear-groups sleep 300 & wait`,
  ]);
  const rootPid = await home.forge.until('the child of root', async () => rootOf(home, runId));
  const stopped = await home.stop(runId, 200);
  const { outcome } = stopped;
  process.kill(rootPid, 'SIGKILL');
  await home.forge.until('the child of root to be gone', async () => !isRunning(rootPid));
  await home.forge.until('the run to settle', async () => isEnded(await home.view(runId)));
  await home.end();
  expect(outcome.kind).to.equal('kill-incomplete');
  expect(outcome.kind === 'kill-incomplete' && outcome.survivors.map(({ pid }) => pid)).to.deep.equal([rootPid]);
  return held(
    `told as incomplete after ${stopped.tookMs} ms, naming ${outcome.kind === 'kill-incomplete' && outcome.survivors[0]?.command}`,
  );
};

const isOpenToAll = (dir: string): boolean =>
  (statSync(dir).mode & 0o005) === 0o005 && (dir === path.dirname(dir) || isOpenToAll(path.dirname(dir)));

/** The process of root that carries the mark of a run. */
const rootOf = (home: GuardedHome, runId: RunId): number | null => {
  const spec = JSON.parse(readFileSync(path.join(home.home, 'runs', runId, 'spec.json'), 'utf8')) as {
    handle: { tag: number };
  };
  const isRoot = (pid: number): boolean => {
    try {
      return /^Uid:\t0\t0\t/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false; // ended while we looked
    }
  };
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1);
  return pids.find((pid) => carriesTag(pid, spec.handle.tag) && isRoot(pid)) ?? null;
};

const storms = `
apiVersion: flowforge/v1
kind: Policy
metadata: { name: storms }
rules:
  - { id: exec-storm, when: procs.spawned_1m > 60, warmup: 0s, action: alert }
`;
/** Two hundred a second, each alive for a tenth of it. */
const execStorm =
  '$| = 1; print "ready\\n"; while (1) { for (1 .. 20) { exec "sleep", "0.1" if fork == 0 } select undef, undef, undef, 0.1; 1 while waitpid(-1, 1) > 0 }';

const stormOfExecs = async ({ short }: FaultSetting): Promise<Verdict> => {
  const home = await openHome();
  const { pid } = await home.status();
  const policy = { kind: 'file', path: 'storms.yaml', text: storms } as const;
  const beganMs = performance.now();
  const before = cpuMsOf(Number(pid));
  const { runId } = await home.start(['perl', '-e', execStorm], { policy });
  const opened = await home.untilFact(runId, 'incident-opened');
  const started = await home.untilFact(runId, 'run-started');
  const detectedMs = opened.atMs - started.atMs;
  await sleep((short ? 4_000 : 15_000) - (performance.now() - beganMs));
  const share = ((cpuMsOf(Number(pid)) - before) / (performance.now() - beganMs)) * 100;
  const stopped = await home.stop(runId, 0);
  expect(stopped.outcome.kind).to.equal('stop-verified');
  await home.end();
  const figure = `200 exec/s: detected after ${detectedMs} ms; the daemon took ${share.toFixed(0)} % of a core, load included`;
  expect(detectedMs, figure).to.be.at.most(3_000);
  expect(share, figure).to.be.lessThan(25);
  return held(figure);
};

/** CPU of all its threads so far. */
const cpuMsOf = (pid: number): number => {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

export const machineFaults: readonly Fault[] = [
  { id: 'C08', what: 'a storm of short-lived processes', inShort: false, provoke: stormOfExecs },
  { id: 'C10', what: 'a child of another user, guarded without privilege', inShort: false, provoke: foreignChild },
  { id: 'R14', what: 'the clock jumps by an hour', inShort: false, provoke: clockJumps },
];
