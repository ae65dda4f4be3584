// Prints what one pass over N processes costs, for runs in cgroups (where this machine lets us make some) and for runs found by scan.
// Usage: node ops/bench-sampling.mjs [10 100 500]   (after npm run build:server)
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { openProcFiles } from '../dist/workers/sampling/proc-files.js';
import { createProcessTable } from '../dist/workers/sampling/process-table.js';

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 500];
const passes = 40;
const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
const cgroupRoot = /^cgroup2 (\S+) /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];

const makeCgroup = (name) => {
  if (cgroupRoot === undefined) return null;
  try {
    mkdirSync(`${cgroupRoot}/${name}`);
    return `${cgroupRoot}/${name}`;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(error.code)) return null;
    throw error;
  }
};
const startTicksOf = (pid) => Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')[19]);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const measure = (label, { children, containmentOf }) => {
  const table = createProcessTable(openProcFiles());
  const runIds = children.map((child, index) => {
    const runId = `run-${index}`;
    const identity = { bootId, pid: child.pid, startTicks: startTicksOf(child.pid) };
    table.add({ runId, identity, containment: containmentOf(index) });
    return runId;
  });
  const times = [];
  let seen = 0;
  for (let pass = 0; pass < passes; pass++) {
    const began = performance.now();
    const figures = table.pass(runIds, 1000 + pass * 500);
    times.push(performance.now() - began);
    seen = [...figures.values()].reduce((sum, one) => sum + one.processes, 0);
  }
  table.close();
  console.log(
    `${label.padEnd(34)} ${seen} processes: median ${median(times.slice(5)).toFixed(2)} ms, first ${times[0].toFixed(2)} ms`,
  );
};

for (const count of counts) {
  const children = Array.from({ length: count }, () => spawn('sleep', ['600'], { stdio: 'ignore' }));
  const dirs = [];
  try {
    await Promise.all(children.map((child) => new Promise((resolve) => child.once('spawn', resolve))));
    measure(`${count} runs by scan`, { children, containmentOf: () => ({ level: 'process-group', tag: 0 }) });
    const first = makeCgroup(`ff-bench-${process.pid}-0`);
    if (first === null) console.log('no cgroup2 that we may write to');
    else {
      dirs.push(first);
      for (let index = 1; index < count; index++) dirs.push(makeCgroup(`ff-bench-${process.pid}-${index}`));
      children.forEach((child, index) => {
        writeFileSync(`${dirs[index]}/cgroup.procs`, String(child.pid));
      });
      measure(`${count} runs, a cgroup each`, {
        children,
        containmentOf: (index) => ({ level: 'cgroup2', cgroupDir: dirs[index], tag: 0 }),
      });
      for (const child of children) writeFileSync(`${first}/cgroup.procs`, String(child.pid));
      measure(`1 run, all in one cgroup`, {
        children: children.slice(0, 1),
        containmentOf: () => ({ level: 'cgroup2', cgroupDir: first, tag: 0 }),
      });
    }
  } finally {
    const exits = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(exits);
    for (const dir of dirs) rmdirSync(dir);
  }
}
