import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { ulid } from 'ulid';
import { newTag } from '#action/containment/run-mark';
import { identityOf, isAlive } from '#action/process-identity';
import type { Fact } from '#protocol/facts';
import { parseRunId, type RunId } from '#protocol/ids';
import type { RunSpec } from '#protocol/run-spec';
import { isRunning } from '../e2e/flowforge.ts';
import { type Fault, type FaultSetting, held, skipped, type Verdict } from './fault.ts';
import { type GuardedHome, isEnded, openHome } from './guarded-home.ts';

const readJson = <T>(...parts: readonly string[]): T => JSON.parse(readFileSync(path.join(...parts), 'utf8')) as T;
interface PidText {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
  readonly shimPid: number;
}

const startMany = async (home: GuardedHome, count: number, argv: readonly string[]): Promise<readonly RunId[]> => {
  const ids: RunId[] = [];
  for (let i = 0; i < count; i += 10) {
    const batch = Array.from({ length: Math.min(10, count - i) }, () => home.start(argv));
    ids.push(...(await Promise.all(batch)).map(({ runId }) => runId));
  }
  return ids;
};

const since = (facts: readonly Fact[], kind: Fact['kind']): readonly Fact[] => {
  const born = facts.findLast((fact) => fact.kind === 'daemon-started')?.seq ?? 0;
  return facts.filter((fact) => fact.seq > born && fact.kind === kind);
};

const rebooted = async (): Promise<Verdict> => {
  const home = await openHome();
  const runs = await startMany(home, 10, ['sleep', '300']);
  await home.forge.run('daemon', 'stop');
  const pids = runs.map((runId) => {
    const file = path.join(home.home, 'runs', runId, 'pid');
    const text = readJson<PidText>(file);
    writeFileSync(file, JSON.stringify({ ...text, bootId: '00000000-0000-4000-8000-000000000000' }));
    return text;
  });
  await home.forge.run('daemon', 'start');
  for (const runId of runs)
    await home.forge.until('the run to settle', async () => (isEnded(await home.view(runId)) ? true : null));
  const outcomes = since(await home.facts(null), 'run-adopted').flatMap((fact) =>
    fact.kind === 'run-adopted' && runs.includes(fact.runId) ? [fact.outcome] : [],
  );
  expect(outcomes).to.deep.equal(runs.map(() => 'lost_reboot'));
  const states = await Promise.all(runs.map((runId) => home.view(runId)));
  expect(states.map(({ state }) => state)).to.deep.equal(runs.map(() => 'lost'));
  expect(
    pids.filter(({ pid }) => !isRunning(pid)),
    'processes that were signalled',
  ).to.deep.equal([]);
  for (const { pid } of pids) process.kill(pid, 'SIGKILL');
  await home.forge.until('the sleepers to be gone', async () => pids.every(({ pid }) => !isRunning(pid)));
  await home.end();
  return held('10 runs told as lost by a reboot, no signal sent');
};

const adoptMany = async ({ short }: FaultSetting): Promise<Verdict> => {
  const count = short ? 30 : 100;
  const home = await openHome();
  const runs = await startMany(home, count, ['sleep', '600']);
  const dead = await home.killDaemon();
  const killedAtMs = Date.now();
  await home.untilGuarding(dead);
  const facts = await home.facts(null);
  const begun = facts.findLast((fact) => fact.kind === 'daemon-started')?.atMs ?? 0;
  const adopted = since(facts, 'run-adopted').filter((fact) => 'runId' in fact && runs.some((id) => id === fact.runId));
  expect(adopted).to.have.length(count);
  const adoptedMs = Math.max(...adopted.map((fact) => fact.atMs)) - begun;
  const sampledAtMs = await allSampledAt(home, { runs, begun });
  const up = since(await home.facts(null), 'worker-started').find(
    (fact) => fact.kind === 'worker-started' && fact.worker === 'sampling',
  );
  const sampledMs = sampledAtMs - Math.max(begun + adoptedMs, up?.atMs ?? 0);
  const beganMs = performance.now();
  await Promise.all(
    runs.map((runId) => home.ask((client) => client.command(runId, 'stop', { reason: 'over', graceMs: 200 }))),
  );
  await home.forge.until('all to be stopped', async () => {
    const page = await home.ask((client) => client.runs({}));
    return page.items.every((row) => row.state === 'stopped' || !runs.includes(row.runId));
  });
  const stoppedMs = performance.now() - beganMs;
  await home.end();
  const figure = `${count} adopted in ${adoptedMs} ms, all sampled ${sampledMs} ms after sampling was up and had them (its interval for runs that do nothing: ${intervalMs} ms), ${sampledAtMs - killedAtMs} ms after the kill -9, all stopped in ${Math.round(stoppedMs)} ms`;
  expect(adoptedMs, figure).to.be.at.most(2_000);
  expect(sampledMs, figure).to.be.at.most(2 * intervalMs);
  return held(figure);
};

/** How often sampling looks at a run that does nothing, whatever shorter interval it was given (`pacing.ts`). */
const intervalMs = 1_000;

/** When the last of them was sampled for the first time since then. */
const allSampledAt = async (
  home: GuardedHome,
  { runs, begun }: { readonly runs: readonly RunId[]; readonly begun: number },
): Promise<number> => {
  const firstAtMs = new Map<RunId, number>();
  await home.forge.until('all of them to be sampled', async () => {
    for (const { runId, liveAtMs } of (await home.ask((client) => client.runs({}))).items)
      if (liveAtMs !== null && liveAtMs > begun && !firstAtMs.has(runId)) firstAtMs.set(runId, liveAtMs);
    return runs.every((runId) => firstAtMs.has(runId));
  });
  return Math.max(...runs.map((runId) => firstAtMs.get(runId) ?? 0));
};

const forged = async ({ level, short }: FaultSetting): Promise<Verdict> => {
  const count = short ? 10 : 100;
  const home = await openHome();
  const { runId: model } = await home.start(['sleep', '300']);
  await home.stop(model, 0);
  await home.forge.run('daemon', 'stop');
  const decoy: ChildProcess = spawn('sleep', ['600'], { stdio: 'ignore' });
  const identity = identityOf(Number(decoy.pid));
  if (identity === null) throw new Error('the decoy has no identity');
  const runs = Array.from({ length: count }, () =>
    forgeRun(home.home, model, { level, pid: identity.pid, startTicks: identity.startTicks }),
  );
  await home.forge.run('daemon', 'start');
  const wishes = runs.map((runId) => home.stop(runId, 0));
  const outcomes = await Promise.all(wishes);
  expect(isAlive(identity), 'the decoy').to.equal(true);
  expect(
    outcomes.filter(({ outcome }) => outcome.kind === 'stop-verified'),
    'claimed to be killed',
  ).to.deep.equal([]);
  decoy.kill('SIGKILL');
  for (const runId of runs)
    await home.forge.until(
      'the forged run to settle',
      async () => (isEnded(await home.view(runId)) ? true : null),
      40_000,
    );
  await home.end();
  return held(`decoy untouched x${count}; each stop told as incomplete, naming it`);
};

/** A run directory whose pid file names somebody else. */
const forgeRun = (
  home: string,
  model: string,
  target: { readonly level: string; readonly pid: number; readonly startTicks: number },
): RunId => {
  const runId = parseRunId(ulid());
  const dir = path.join(home, 'runs', runId);
  cpSync(path.join(home, 'runs', model), dir, { recursive: true });
  for (const file of ['settled', 'exit']) rmSync(path.join(dir, file), { force: true });
  const spec = readJson<RunSpec>(dir, 'spec.json');
  const tag = newTag();
  const handle =
    spec.handle.level === 'cgroup2'
      ? { ...spec.handle, tag, cgroupDir: path.join(path.dirname(spec.handle.cgroupDir), runId) }
      : { ...spec.handle, tag };
  if (handle.level === 'cgroup2') mkdirSync(handle.cgroupDir, { recursive: true });
  writeFileSync(path.join(dir, 'spec.json'), JSON.stringify({ ...spec, runId, handle, restartsAtMs: [] }));
  const pidFile = readJson<PidText>(dir, 'pid');
  writeFileSync(path.join(dir, 'pid'), JSON.stringify({ ...pidFile, pid: target.pid, startTicks: target.startTicks }));
  return runId;
};

const cgroupGone = async ({ level }: FaultSetting): Promise<Verdict> => {
  if (level !== 'cgroup2') return skipped(`there is no cgroup to lose at the level ${level}`);
  const home = await openHome();
  const { runId } = await home.start(['sh', '-c', 'sleep 300 & sleep 300']);
  const spec = readJson<RunSpec>(home.home, 'runs', runId, 'spec.json');
  const dir = spec.handle.level === 'cgroup2' ? spec.handle.cgroupDir : '';
  const outside = path.join(path.dirname(dir), '..', 'cgroup.procs');
  for (const pid of readFileSync(path.join(dir, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
    writeFileSync(outside, pid);
  await home.forge.until('the cgroup to be removable', async () => {
    try {
      rmdirSync(dir);
    } catch {
      /* still leaving */
    }
    return !existsSync(dir);
  });
  const stopped = await home.stop(runId, 200);
  expect(stopped.outcome.kind).to.equal('stop-verified');
  const fell = (await home.facts(runId)).find((fact) => fact.kind === 'containment-fell-back');
  expect(fell?.kind === 'containment-fell-back' && fell.to).to.equal('tag-scan');
  await home.end();
  return held(`its cgroup was removed under it: fell back to tag-scan, told, verified empty in ${stopped.tookMs} ms`);
};

const restartStorm = async ({ short }: FaultSetting): Promise<Verdict> => {
  const max = short ? 2 : 4;
  const home = await openHome();
  const request = { name: 'storm', restart: { mode: 'on-failure', max } } as const;
  const { jobId, runId } = await home.start(['sh', '-c', 'exit 9'], request);
  await home.untilFact(runId, 'restart-scheduled');
  const dead = await home.killDaemon();
  await home.untilGuarding(dead);
  const all = await home.forge.until(
    'the quarantine',
    async () => {
      const facts = (await home.facts(null)).filter((fact) => 'jobId' in fact && fact.jobId === jobId);
      return facts.some((fact) => fact.kind === 'job-quarantined') ? facts : null;
    },
    60_000,
  );
  const delays = all.flatMap((fact) => (fact.kind === 'restart-scheduled' ? [fact.delayMs] : []));
  expect(delays).to.have.length(max);
  delays.forEach((delayMs, i) => {
    expect(delayMs).to.be.within(1_000 * 2 ** i * 0.8, 1_000 * 2 ** i * 1.2);
  });
  await home.end();
  return held(`delays ${delays.join(', ')} ms, quarantined after ${max}, across a kill -9`);
};

export const adoptionFaults: readonly Fault[] = [
  { id: 'C09', what: 'pid files that name a stranger', inShort: false, provoke: forged },
  { id: 'C12', what: 'the cgroup removed under a running job', inShort: true, provoke: cgroupGone },
  { id: 'R07', what: 'the machine was started anew', inShort: false, provoke: rebooted },
  { id: 'R09', what: 'many jobs to adopt', inShort: false, provoke: adoptMany },
  {
    id: 'R13',
    what: 'a job that exits at once, and a kill -9 between its restarts',
    inShort: true,
    provoke: restartStorm,
  },
];
