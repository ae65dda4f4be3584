import type { ProcessIo, ProcFiles } from '#sampling/proc-files';
import type { ProcStat } from '#sampling/proc-stat';

export interface FakeProcess extends ProcStat {
  readonly command: string;
  readonly io: ProcessIo | null;
  readonly tag: number;
  readonly waitedMs: number;
  readonly cgroup: string;
}

/** A system of processes that a spec makes up. */
export interface FakeSystem extends ProcFiles {
  put(pid: number, change: Partial<FakeProcess>): void;
  end(pid: number): void;
}

const unborn: FakeProcess = {
  state: 'S',
  ppid: 1,
  group: 0,
  session: 0,
  cpuTicks: 0,
  reapedTicks: 0,
  threads: 1,
  startTicks: 1000,
  rssPages: 100,
  waitedMs: 0,
  command: 'job',
  io: { readBytes: 0, writtenBytes: 0 },
  tag: -1,
  cgroup: '/job',
};

export const createFakeSystem = (): FakeSystem => {
  const processes = new Map<number, FakeProcess>();
  let last = '';
  return {
    bootId: 'boot-1',
    put: (pid, change) => {
      processes.set(pid, { ...(processes.get(pid) ?? unborn), ...change });
    },
    end: (pid) => {
      processes.delete(pid);
    },
    pids: () => [...processes.keys()],
    cgroupPids: (dir) => [...processes].flatMap(([pid, one]) => (one.cgroup === dir && one.state !== 'Z' ? [pid] : [])),
    stat: (pid) => {
      const found = processes.get(pid);
      last = found?.command ?? '';
      return found ?? null;
    },
    commandOfLastStat: () => last,
    io: (pid) => processes.get(pid)?.io ?? null,
    waitedMs: (pid) => processes.get(pid)?.waitedMs ?? null,
    tag: (pid) => processes.get(pid)?.tag ?? null,
    openDescriptors: (pid) => (processes.has(pid) ? 7 : null),
    forget: () => undefined,
    close: () => undefined,
  };
};
