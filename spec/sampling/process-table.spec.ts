import { expect } from 'chai';
import { parseRunId, type RunId } from '#protocol/ids';
import type { ProcessFigures } from '#protocol/observations';
import type { ContainmentHandle } from '#protocol/run-spec';
import { createProcessTable, type ProcessTable } from '#sampling/process-table';
import { createFakeSystem, type FakeSystem } from './fake-processes.ts';

const runA = parseRunId('01J00000000000000000000001');
const runB = parseRunId('01J00000000000000000000002');
const cgroup: ContainmentHandle = { level: 'cgroup2', cgroupDir: '/job', tag: 0 };

describe('the process table', () => {
  let system: FakeSystem;
  let table: ProcessTable;
  let nowMs: number;

  const look = (runId: RunId = runA): ProcessFigures => {
    nowMs += 1000;
    const figures = table.pass([runId], nowMs).get(runId);
    if (figures === undefined) throw new Error('the run was not looked at');
    return figures;
  };
  const watch = (runId: RunId, { pid, containment = cgroup }: { pid: number; containment?: ContainmentHandle }): void =>
    table.add({ runId, identity: { bootId: 'boot-1', pid, startTicks: 1000 }, containment });

  beforeEach(() => {
    system = createFakeSystem();
    table = createProcessTable(system, { ticksPerSecond: 100, pageBytes: 4096, cores: 4 });
    nowMs = 0;
    system.put(10, { session: 9, ppid: 9 });
    system.put(9, { session: 9, command: 'shim', cgroup: '/' });
  });

  it('knows no CPU rate at the first look, and percent of one core from the second on', () => {
    watch(runA, { pid: 10 });
    system.put(10, { cpuTicks: 500 });
    expect(look().cpuPct).to.equal(null);
    system.put(10, { cpuTicks: 550 });
    expect(look().cpuPct).to.equal(50);
  });

  it('tells what a process would use that had to wait for a core', () => {
    watch(runA, { pid: 10 });
    look();
    system.put(10, { cpuTicks: 10, state: 'R', waitedMs: 200 });
    look();
    system.put(10, { cpuTicks: 40, waitedMs: 850 });
    expect(look()).to.include({ cpuPct: 30, demandPct: 95 });
  });

  it('counts the time of children that were born and ended between two looks', () => {
    watch(runA, { pid: 10 });
    look();
    system.put(10, { reapedTicks: 40 });
    expect(look().cpuPct).to.equal(40);
  });

  it('counts no time twice and never less than none when a child ends', () => {
    watch(runA, { pid: 10 });
    system.put(11, { ppid: 10, cpuTicks: 1000 });
    look();
    system.put(11, { cpuTicks: 1080 });
    expect(look().cpuPct).to.equal(80);
    system.end(11);
    system.put(10, { reapedTicks: 1090 });
    expect(look().cpuPct).to.equal(10);
    expect(look().cpuPct).to.equal(0);
  });

  it('adds memory, threads and processes, and counts a zombie as a zombie only', () => {
    watch(runA, { pid: 10 });
    system.put(11, { ppid: 10, threads: 3, rssPages: 50 });
    expect(look()).to.include({ processes: 2, threads: 4, rssBytes: 150 * 4096, zombies: 0, mainAlive: true, fds: 7 });
    system.put(11, { state: 'Z', rssPages: 0 });
    expect(look()).to.include({ processes: 1, threads: 1, zombies: 1, ended: 1 });
    expect(look()).to.include({ zombies: 1, ended: 0 });
    system.end(11);
    expect(look()).to.include({ zombies: 0, ended: 0 });
  });

  it('finds zombies that the cgroup no longer lists', () => {
    watch(runA, { pid: 10 });
    look();
    system.put(12, { ppid: 10, state: 'Z' });
    look();
    expect(look().zombies).to.equal(1);
  });

  it('counts zombies of children that lived too shortly to be looked at', () => {
    watch(runA, { pid: 10 });
    look();
    system.put(13, { ppid: 10, cgroup: '/' });
    look();
    system.put(13, { state: 'Z' });
    look();
    expect(look().zombies).to.equal(1);
  });

  it('takes a zombie main process for dead, and another process with its pid too', () => {
    watch(runA, { pid: 10 });
    expect(look().mainAlive).to.equal(true);
    system.put(10, { state: 'Z' });
    expect(look().mainAlive).to.equal(false);
    system.put(10, { state: 'S', startTicks: 2000 });
    expect(look().mainAlive).to.equal(false);
  });

  it('sees an ended and a spawned process when a pid is handed out again', () => {
    watch(runA, { pid: 10 });
    system.put(11, { ppid: 10, command: 'first' });
    look();
    system.put(11, { ppid: 10, startTicks: 1500, command: 'second' });
    expect(look()).to.include({ spawned: 1, ended: 1, processes: 2 });
    expect(table.endedCommands(runA)).to.deep.equal(['first']);
  });

  it('keeps the bytes of ended processes, once', () => {
    watch(runA, { pid: 10 });
    system.put(11, { ppid: 10, cpuTicks: 10, io: { readBytes: 100, writtenBytes: 700 } });
    expect(look().writtenBytes).to.equal(700);
    system.end(11);
    system.put(10, { reapedTicks: 10, cpuTicks: 1, io: { readBytes: 100, writtenBytes: 750 } });
    expect(look()).to.include({ writtenBytes: 750, readBytes: 100 });
  });

  it('counts who left the cgroup, by the tag that it took along', () => {
    watch(runA, { pid: 10, containment: { ...cgroup, tag: 700_002 } });
    look();
    system.put(14, { cgroup: '/elsewhere', tag: 700_002, session: 14 });
    system.put(15, { cgroup: '/elsewhere', session: 15 });
    look();
    expect(look()).to.include({ processes: 2, rssBytes: 200 * 4096 });
  });

  it('finds nothing of a run from before the last boot', () => {
    table.add({ runId: runA, identity: { bootId: 'boot-0', pid: 10, startTicks: 1000 }, containment: cgroup });
    expect(look()).to.include({ processes: 0, mainAlive: false });
  });

  it('tells two runs apart by tag, by parent and by session, and leaves the shim and strangers alone', () => {
    const tagged: ContainmentHandle = { level: 'tag-scan', tag: 700_001 };
    watch(runA, { pid: 10, containment: tagged });
    watch(runB, { pid: 20, containment: { level: 'process-group', tag: 0 } });
    system.put(20, { session: 20 });
    system.put(30, { tag: 700_001, ppid: 1, session: 30 });
    system.put(31, { ppid: 30, session: 31 });
    system.put(40, { session: 20, ppid: 1 });
    system.put(50, { session: 50, ppid: 1 });
    look(runB);
    expect(look(runA).processes).to.equal(3);
    expect(look(runB).processes).to.equal(2);
    system.put(60, { ppid: 31, session: 60, startTicks: 3000 });
    expect(look(runA)).to.include({ processes: 4, spawned: 1 });
  });
});
