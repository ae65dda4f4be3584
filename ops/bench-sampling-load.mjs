// Prints what sampling costs, in percent of one core, while N runs print L lines a second each.
// Usage: node ops/bench-sampling-load.mjs [runs=50] [lines-per-second=10] [seconds=20]   (after npm run build:server)
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedactor } from '../dist/workers/redaction/redact.js';
import { systemClock } from '../dist/workers/runtime/clock.js';
import { createAgentTap } from '../dist/workers/sampling/agent-tap.js';
import { createLineTap } from '../dist/workers/sampling/line-tap.js';
import { createSampling } from '../dist/workers/sampling/sampling-actor.js';

const [count = 50, linesPerSecond = 10, seconds = 20] = process.argv.slice(2).map(Number);
const home = mkdtempSync(join(tmpdir(), 'flowforge-bench-'));
const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
const cgroupRoot = /^cgroup2 (\S+) /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
const startTicksOf = (pid) => Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')[19]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// All output comes from one other process, so that this one's CPU time is sampling and nothing else.
const writer = `
const { openSync, writeSync } = require('node:fs');
const [home, count, rate] = process.argv.slice(1);
const files = Array.from({ length: Number(count) }, (_, run) => openSync(home + '/' + run + '/stdout.log', 'a'));
let line = 0;
if (Number(rate) > 0) setInterval(() => { line++; for (const file of files) writeSync(file, new Date().toISOString() + ' INFO step ' + line + ' of the work, loss 0.' + (line * 7919 % 10000) + '\\n'); }, 1000 / Number(rate));
else setInterval(() => {}, 1000);
`;

const dirs = [];
const children = [];
const redactor = createRedactor();
let batches = 0;
let told = 0;
const sampling = createSampling({
  clock: systemClock,
  homeDir: home,
  outlets: {
    observations: {
      send: async (batch) => {
        batches++;
        for (const run of batch.runs) for (const lines of run.lines) told += lines.count;
      },
    },
  },
  createLineTap,
  createAgentTap,
  redactorFor: () => redactor,
  report: (gap) => console.log('gap', gap),
});
try {
  for (let run = 0; run < count; run++) {
    mkdirSync(join(home, String(run)));
    for (const stream of ['stdout', 'stderr']) writeFileSync(join(home, String(run), `${stream}.log`), '');
    children.push(spawn('sleep', ['600'], { stdio: 'ignore' }));
  }
  await Promise.all(children.map((child) => new Promise((resolve) => child.once('spawn', resolve))));
  children.push(
    spawn(process.execPath, ['-e', writer, home, String(count), String(linesPerSecond)], { stdio: 'inherit' }),
  );
  for (let run = 0; run < count; run++) {
    const cgroupDir = cgroupRoot === undefined ? null : `${cgroupRoot}/ff-bench-${process.pid}-${run}`;
    const pid = children[run].pid;
    let containment = { level: 'process-group', tag: 0 };
    try {
      if (cgroupDir === null) throw new Error('no cgroup2 here');
      mkdirSync(cgroupDir);
      dirs.push(cgroupDir);
      writeFileSync(`${cgroupDir}/cgroup.procs`, String(pid));
      containment = { level: 'cgroup2', cgroupDir, tag: 0 };
    } catch {
      /* no cgroup that we may write to: the runs are found by scan */
    }
    await sampling.receive({
      kind: 'watch',
      run: {
        runId: `run-${run}`,
        runDir: join(home, String(run)),
        cwd: home,
        identity: { bootId, pid, startTicks: startTicksOf(pid) },
        containment,
        startedAtMs: Date.now(),
        limits: { pollIntervalMs: 500, maxMemBytes: null, maxCpuPct: 60 },
        model: null,
      },
    });
  }
  sampling.start();
  await sleep(9000);
  const before = process.cpuUsage();
  const toldBefore = told;
  const batchesBefore = batches;
  const began = performance.now();
  await sleep(seconds * 1000);
  const used = process.cpuUsage(before);
  const wall = (performance.now() - began) / 1000;
  console.log(
    `${count} runs, ${linesPerSecond} lines/s each: ${((used.user + used.system) / 10_000 / wall).toFixed(2)} % of a core, ` +
      `${((told - toldBefore) / wall).toFixed(0)} lines/s told in ${((batches - batchesBefore) / wall).toFixed(1)} batches/s, ${Math.round(process.memoryUsage().rss / 1048576)} MiB`,
  );
} finally {
  await sampling.stop();
  const exits = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(exits);
  for (const dir of dirs) rmdirSync(dir);
  rmSync(home, { recursive: true, force: true });
}
