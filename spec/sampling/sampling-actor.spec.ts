import { appendFileSync, mkdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseJobId, parseJobKey, parseRunId, type RunId } from '#protocol/ids';
import type { WatchedRun } from '#protocol/messages';
import type { ObservationBatch, RunObservation } from '#protocol/observations';
import { createRedactor } from '#redaction/redact';
import { createManualClock } from '#runtime/clock';
import { transcriptHomesOf } from '#sampling/agent-stream/transcript';
import { createLineTap } from '#sampling/line-tap';
import { messageLines } from '#sampling/message-size';
import type { OutputGap } from '#sampling/open-run-output';
import { readIndex } from '#sampling/output-tail';
import { createSampling, type Sampling } from '#sampling/sampling-actor';
import type { CreateLineTap } from '#sampling/taps';
import { createFakeSystem, type FakeSystem } from './fake-processes.ts';
import { createPlainAgentTap, createPlainLineTap } from './plain-taps.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const runIdOf = (number: number): RunId => parseRunId(`01J0000000000000000000${String(number).padStart(4, '0')}`);
const runA = runIdOf(1);

describe('sampling', () => {
  const dir = temporaryDirectory();
  let clock: ReturnType<typeof createManualClock>;
  let system: FakeSystem;
  let sampling: Sampling;
  let batches: ObservationBatch[];
  let confirmations: (() => void)[];
  let confirmsAtOnce: boolean;
  let gaps: OutputGap[];

  const runDirOf = (runId: RunId): string => join(dir.path, runId);
  const write = (text: string, { runId = runA, stream = 'stdout' }: { runId?: RunId; stream?: string } = {}): void =>
    appendFileSync(join(runDirOf(runId), `${stream}.log`), text);
  const watchedRun = (runId: RunId, pid: number): WatchedRun => ({
    runId,
    jobId: parseJobId('01J0000000000000000000000J'),
    jobKey: parseJobKey('0'.repeat(32)),
    name: 'job',
    labels: {},
    cwd: '/',
    runDir: runDirOf(runId),
    identity: { bootId: 'boot-1', pid, startTicks: 1000 },
    containment: { level: 'cgroup2', cgroupDir: `/${runId}`, tag: 0 },
    startedAtMs: clock.now(),
    pausedMs: 0,
    limits: {
      maxCpuPct: 60,
      maxMemBytes: null,
      timeoutMs: null,
      graceMs: 5000,
      pollIntervalMs: 500,
      logWindowLines: 10,
    },
    policy: { name: 'standard', hash: '0'.repeat(64), files: [], patterns: [] },
    rollout: null,
    noKill: false,
    keepOrphans: false,
    model: null,
    restarts: 0,
    adopted: false,
  });
  const build = (tap: CreateLineTap = createPlainLineTap): Sampling =>
    createSampling({
      clock,
      homeDir: dir.path,
      outlets: {
        observations: {
          send: (batch) => {
            batches.push(batch);
            return confirmsAtOnce ? Promise.resolve() : new Promise((settle) => confirmations.push(settle));
          },
        },
      },
      createLineTap: tap,
      createAgentTap: createPlainAgentTap,
      redactorFor: () => createRedactor(),
      homesOf: () => transcriptHomesOf({ HOME: dir.path }),
      report: (gap) => gaps.push(gap),
      procFiles: system,
      readHost: async () => ({ cpuPct: 1, memTotalBytes: 100, memAvailableBytes: 50 }),
    });
  const watch = async (runId: RunId = runA, pid = 10, labels: WatchedRun['labels'] = {}): Promise<void> => {
    mkdirSync(runDirOf(runId), { recursive: true });
    system.put(pid, { cgroup: `/${runId}` });
    await sampling.receive({ kind: 'watch', run: { ...watchedRun(runId, pid), labels } });
  };
  /** Moves the clock turn by turn, so that what was confirmed is known before the next turn. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const seen = (runId: RunId = runA): RunObservation[] =>
    batches.flatMap((batch) => batch.runs.filter((run) => run.runId === runId));
  const texts = (observations: readonly RunObservation[]): string[] =>
    observations.flatMap((one) => one.lines.flatMap((batch) => batch.samples.map((sample) => sample.text)));
  const lastOf = <T>(list: readonly T[]): T => {
    const last = list.at(-1);
    if (last === undefined) throw new Error('nothing was told');
    return last;
  };

  beforeEach(() => {
    clock = createManualClock();
    system = createFakeSystem();
    batches = [];
    confirmations = [];
    confirmsAtOnce = true;
    gaps = [];
    sampling = build();
    sampling.start();
  });
  afterEach(() => sampling.stop());

  it('tells of new lines within a turn while a run is young, with what its processes do', async () => {
    await watch();
    await pass(100);
    write('hello\n');
    await pass(100);
    expect(texts(seen())).to.deep.equal(['hello']);
    expect(lastOf(seen())).to.deep.include({
      output: { lines: 1, bytes: 6, lagBytes: 0, lastOutputAtMs: clock.now(), lastLine: 'hello' },
    });
    expect(lastOf(seen()).process).to.include({ processes: 1, mainAlive: true });
  });

  it('writes the index before it tells, at most twice a second', async () => {
    await watch();
    await pass(4000);
    for (let turn = 0; turn < 30; turn++) {
      write(`line ${turn}\n`);
      await pass(100);
    }
    const index = readIndex(runDirOf(runA));
    expect(index.length).to.be.within(5, 7);
    expect(lastOf(index).lines).to.equal(lastOf(seen()).output.lines);
  });

  it('puts all runs of one moment in one batch', async () => {
    await watch(runA, 10);
    await watch(runIdOf(2), 20);
    await pass(5000);
    expect(lastOf(batches).runs).to.have.length(2);
  });

  it('stops reading while detection does not follow, and loses nothing', async () => {
    confirmsAtOnce = false;
    await watch();
    for (let turn = 0; turn < 20; turn++) {
      write(`line ${turn}\n`);
      await pass(100);
    }
    expect(batches).to.have.length(4);
    confirmsAtOnce = true;
    for (const confirm of confirmations) confirm();
    await pass(1000);
    expect(texts(seen())).to.deep.equal(Array.from({ length: 20 }, (_, turn) => `line ${turn}`));
  });

  it('gives every run its share although one floods', async () => {
    await watch(runA, 10);
    await watch(runIdOf(2), 20);
    await pass(100);
    write(`${'y'.repeat(99)}\n`.repeat(60_000));
    write('quiet one\n', { runId: runIdOf(2) });
    await pass(100);
    expect(texts(seen(runIdOf(2)))).to.deep.equal(['quiet one']);
    expect(lastOf(seen()).output.lagBytes).to.be.greaterThan(0);
    await pass(2000);
    expect(lastOf(seen()).output).to.include({ lines: 60_000, lagBytes: 0 });
  });

  it('cuts a flood of the shortest lines into messages that detection is soon done with', async () => {
    await watch(runA, 10);
    await watch(runIdOf(2), 20);
    for (const runId of [runA, runIdOf(2)]) write('y\n'.repeat(200_000), { runId });
    await pass(3000);
    for (const runId of [runA, runIdOf(2)]) expect(lastOf(seen(runId)).output).to.include({ lines: 200_000 });
    const linesOf = ({ runs }: ObservationBatch): number =>
      runs.flatMap(({ lines }) => lines).reduce((sum, { count }) => sum + count, 0);
    expect(Math.max(...batches.map(linesOf))).to.be.within(1, messageLines + 32 * 1024);
  });

  it('reads the rest, flushes, tells a last time and forgets when a run ends', async () => {
    await watch();
    await pass(300);
    write('almost\nlast words');
    system.end(10);
    const forgotten = sampling.receive({ kind: 'unwatch', runId: runA });
    await pass(200);
    await forgotten;
    expect(texts(seen())).to.deep.equal(['almost', 'last words']);
    expect(lastOf(seen()).process).to.include({ mainAlive: false, processes: 0 });
    const told = batches.length;
    await pass(2000);
    expect(batches).to.have.length(told);
  });

  it('counts each line once through a crash, and refills the windows with what was told before', async () => {
    await watch();
    for (let line = 1; line <= 50; line++) {
      write(`line ${line}\n`, { stream: line % 3 === 0 ? 'stderr' : 'stdout' });
      if (line % 5 === 0) await pass(100);
    }
    write('half a');
    await pass(600);
    expect(lastOf(seen()).output.lines).to.equal(50);
    await sampling.stop();
    batches = [];
    write(' line\nline 52\n');
    sampling = build();
    sampling.start();
    await watch();
    await pass(1000);
    const [first, ...later] = seen();
    expect(first?.refill).to.equal(true);
    expect(later.every((one) => !one.refill)).to.equal(true);
    expect(first?.lines[0]?.firstLine).to.equal(1);
    expect(texts(seen()).slice(-2)).to.deep.equal(['half a line', 'line 52']);
    expect(lastOf(seen()).output.lines).to.equal(52);
    expect(texts(seen())).to.have.length(52);
  });

  it('counts by the patterns of a new policy from its change on, and tells them again with the windows', async () => {
    await sampling.stop();
    sampling = build(createLineTap);
    sampling.start();
    await watch();
    const policyOf = (...patterns: string[]) => ({ ...watchedRun(runA, 10).policy, patterns });
    const use = (...patterns: string[]): Promise<void> =>
      sampling.receive({ kind: 'policy-changed', runIds: [runA], policy: policyOf(...patterns) });
    const counts = (): unknown[] =>
      seen().flatMap(({ matches, refill }) =>
        matches.map(({ pattern, times }) => [pattern, times.reduce((sum, { count }) => sum + count, 0), refill]),
      );
    write('loss: nan\n');
    await pass(600);
    expect(counts()).to.deep.equal([]);
    await use('nan');
    write('loss: nan\nloss: n');
    await pass(600);
    await use('nan', 'inf');
    write('an inf\n');
    await pass(600);
    expect(counts()).to.deep.equal([
      ['nan', 1, false],
      ['nan', 1, false],
      ['inf', 1, false],
    ]);
    batches = [];
    await sampling.receive({ kind: 'refill' });
    await pass(600);
    expect(counts()).to.deep.equal([
      ['nan', 3, true],
      ['inf', 1, true],
    ]);
  });

  it('numbers refilled lines as they were when only the end is read again', async () => {
    await watch();
    write(Array.from({ length: 60_000 }, (_, line) => `line number ${line + 1}\n`).join(''));
    await pass(1000);
    batches = [];
    await sampling.receive({ kind: 'refill' });
    await pass(1000);
    const refilled = seen().find((one) => one.refill);
    expect(refilled?.output.lines).to.equal(60_000);
    const first = refilled?.lines[0];
    expect(first?.samples[0]?.text).to.equal(`line number ${first?.firstLine}`);
    expect((first?.firstLine ?? 0) + (first?.count ?? 0)).to.equal(60_001);
  });

  it('keeps the lines of an agent from the line detectors, counts them, and tells its events anew after a crash', async () => {
    await watch();
    write('{"agent":"x"}\n{"say":"one"}\nwarning: plain\n');
    await pass(600);
    expect(texts(seen()).filter((text) => text !== '')).to.deep.equal(['warning: plain']);
    expect(lastOf(seen()).output).to.include({ lines: 3, lastLine: 'warning: plain' });
    expect(seen().flatMap((one) => one.events)).to.have.length(2);
    batches = [];
    await sampling.receive({ kind: 'refill' });
    await pass(600);
    expect(seen().flatMap((one) => one.events)).to.have.length(2);
    expect(lastOf(seen()).output.lines).to.equal(3);
  });

  it('marks heartbeats and different children that end as progress', async () => {
    await watch();
    system.put(11, { cgroup: `/${runA}`, ppid: 10, command: 'gcc' });
    await pass(300);
    system.end(11);
    write('::flowforge progress=12/100 token=ab12::\n'.repeat(3));
    await pass(300);
    expect(seen().flatMap((one) => one.progress.map((mark) => [mark.source, mark.sharePct]))).to.deep.equal([
      ['heartbeat', 12],
      ['child-exit', null],
    ]);
  });

  it('marks a tracked number as progress when it is better than before', async () => {
    await watch(runA, 10, { 'flowforge.track': 'loss' });
    write('loss=3.0\nloss=3.5\nloss=2.5\n');
    await pass(300);
    const marks = seen().flatMap(({ progress }) => progress.map(({ source, detail }) => `${source}: ${detail}`));
    expect(marks).to.include('metric: loss 2.5, best so far');
  });

  it('reports a truncated file as a gap and goes on', async () => {
    await watch();
    write('0123456789\n');
    await pass(1000);
    truncateSync(join(runDirOf(runA), 'stdout.log'));
    await pass(1100);
    write('on\n');
    await pass(600);
    expect(gaps.map(({ runId, stream, fromByte, toByte }) => ({ runId, stream, fromByte, toByte }))).to.deep.equal([
      { runId: runA, stream: 'stdout', fromByte: 0, toByte: 11 },
    ]);
    expect(texts(seen())).to.deep.equal(['0123456789', 'on']);
  });
});
