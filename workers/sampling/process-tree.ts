import type { ProcessFigures } from '#protocol/observations';
import type { ProcessIdentity } from '#protocol/run-spec';
import type { ProcessIo, ProcFiles } from './proc-files.ts';
import { isDead, type ProcStat } from './proc-stat.ts';

export interface TreeScale {
  readonly ticksPerSecond: number;
  readonly pageBytes: number;
  readonly cores: number;
}

/** The processes of one run, remembered from pass to pass by pid and start time. */
export interface ProcessTree {
  readonly identity: ProcessIdentity;
  has(pid: number): boolean;
  sessions(): ReadonlySet<number>;
  pids(): Iterable<number>;
  /** Reads what it knows and what is `listed`, and says what became of the tree. */
  pass(listed: Iterable<number>, monoMs: number): ProcessFigures;
  /** Programs of the processes that ended in the last pass; the main process is not one of them. */
  endedCommands(): readonly string[];
}

interface Member {
  readonly startTicks: number;
  command: string;
  looks: number;
  stat: ProcStat;
  waitedMs: number | null;
  io: ProcessIo | null;
  ioAtMs: number;
  ioAtTicks: number;
  /** Storage bytes of ended children: counted while they lived, and added by the kernel to the parent that waited. */
  inherited: ProcessIo;
}

/** The state of a process that runs or waits for a core. */
const runnable = 'R';
const none: ProcessIo = { readBytes: 0, writtenBytes: 0 };
const busyIoEveryMs = 1000;
const idleIoEveryMs = 5000;
const descriptorsEveryMs = 5000;

export const createProcessTree = (
  identity: ProcessIdentity,
  means: { files: ProcFiles; scale: TreeScale },
): ProcessTree => new RememberedTree(identity, means);

class RememberedTree implements ProcessTree {
  readonly identity: ProcessIdentity;
  readonly #files: ProcFiles;
  readonly #scale: TreeScale;
  readonly #members = new Map<number, Member>();
  #sessions = new Set<number>();
  #lastPassMs: number | null = null;
  #total = none;
  #descriptors: number | null = null;
  #descriptorsAtMs = Number.NEGATIVE_INFINITY;
  #change = noChange();

  constructor(identity: ProcessIdentity, { files, scale }: { files: ProcFiles; scale: TreeScale }) {
    this.identity = identity;
    this.#files = files;
    this.#scale = scale;
  }

  has(pid: number): boolean {
    return this.#members.has(pid);
  }
  sessions(): ReadonlySet<number> {
    return this.#sessions;
  }
  pids(): Iterable<number> {
    return this.#members.keys();
  }
  endedCommands(): readonly string[] {
    return this.#change.commandsOfEnded;
  }

  pass(listed: Iterable<number>, monoMs: number): ProcessFigures {
    this.#change = noChange();
    const candidates = new Set(listed);
    for (const pid of [...this.#members.keys()]) if (!candidates.has(pid)) this.#look(pid, { mayJoin: false });
    for (const pid of candidates) this.#look(pid, { mayJoin: true });
    const elapsedMs = this.#lastPassMs === null ? null : monoMs - this.#lastPassMs;
    this.#lastPassMs = monoMs;
    const ticks = this.#change.ticks + this.#ticksOfUnseen();
    const coreShare =
      elapsedMs === null || elapsedMs <= 0 ? null : (ticks / this.#scale.ticksPerSecond / elapsedMs) * 1000;
    const waitedShare = elapsedMs === null || elapsedMs <= 0 ? 0 : this.#change.waitedMs / elapsedMs;
    const main = this.#members.get(this.identity.pid);
    const mainAlive = main !== undefined && main.startTicks === this.identity.startTicks && !isDead(main.stat.state);
    const held = this.#countHeld(monoMs);
    return {
      cpuPct: coreShare === null ? null : Math.min(this.#scale.cores, coreShare) * 100,
      // A process that waits for a core would use it: on a crowded host the use alone hides who spins.
      demandPct: coreShare === null ? null : Math.min(this.#scale.cores, coreShare + waitedShare) * 100,
      ...held,
      fds: mainAlive ? this.#openDescriptors(monoMs) : null,
      readBytes: this.#total.readBytes,
      writtenBytes: this.#total.writtenBytes,
      // What is there at the first look was not born under our eyes.
      spawned: elapsedMs === null ? 0 : this.#change.spawned,
      ended: this.#change.ended,
      mainAlive,
    };
  }

  #look(pid: number, { mayJoin }: { mayJoin: boolean }): void {
    const stat = this.#files.stat(pid);
    const known = this.#members.get(pid);
    if (known !== undefined && stat !== null && known.startTicks === stat.startTicks) {
      this.#follow(pid, { known, stat });
      return;
    }
    if (known !== undefined) {
      this.#members.delete(pid);
      this.#change.gone.push(known);
      if (!isDead(known.stat.state)) this.#noteEnd(pid, known);
    }
    if (stat === null) this.#files.forget(pid);
    if (stat === null || !mayJoin) return;
    this.#change.spawned++;
    this.#change.ticks += stat.cpuTicks + stat.reapedTicks;
    this.#members.set(pid, newMember(stat, this.#files.commandOfLastStat()));
  }

  #follow(pid: number, { known, stat }: { known: Member; stat: ProcStat }): void {
    const ticks = Math.max(0, stat.cpuTicks - known.stat.cpuTicks);
    this.#change.ticks += ticks;
    if (ticks > 0 || stat.state === runnable) this.#change.waitedMs += this.#waitOf(pid, known);
    this.#change.reaped.set(pid, Math.max(0, stat.reapedTicks - known.stat.reapedTicks));
    if (isDead(stat.state) && !isDead(known.stat.state)) this.#noteEnd(pid, known);
    // A process just forked still bears the name of its parent.
    if (known.looks++ < 2) known.command = this.#files.commandOfLastStat();
    known.stat = stat;
  }

  /** Since the last look at which it was busy; the first of them only sets the mark. */
  #waitOf(pid: number, member: Member): number {
    const waitedMs = this.#files.waitedMs(pid);
    const before = member.waitedMs;
    member.waitedMs = waitedMs;
    return waitedMs === null || before === null ? 0 : Math.max(0, waitedMs - before);
  }

  #noteEnd(pid: number, member: Member): void {
    this.#change.ended++;
    if (pid !== this.identity.pid) this.#change.commandsOfEnded.push(member.command);
  }

  /** CPU of children that lived and died between two passes: it shows in the parent that waited for them. */
  #ticksOfUnseen(): number {
    const { gone, reaped } = this.#change;
    for (const member of gone) {
      const parent = this.#members.get(member.stat.ppid);
      const left = reaped.get(member.stat.ppid);
      if (parent === undefined || left === undefined) continue;
      const counted = member.stat.cpuTicks + member.stat.reapedTicks;
      reaped.set(member.stat.ppid, Math.max(0, left - counted));
      if (left > 0 || counted === 0) parent.inherited = sum(parent.inherited, member.io ?? none);
    }
    let ticks = 0;
    for (const rest of reaped.values()) ticks += rest;
    return ticks;
  }

  #countHeld(monoMs: number): Pick<ProcessFigures, 'rssBytes' | 'processes' | 'zombies' | 'threads'> {
    let rssPages = 0;
    let threads = 0;
    let zombies = 0;
    this.#sessions = new Set();
    for (const [pid, member] of this.#members) {
      this.#sessions.add(member.stat.session);
      if (isDead(member.stat.state)) {
        zombies++;
        continue;
      }
      this.#readIo(pid, { member, monoMs });
      rssPages += member.stat.rssPages;
      threads += member.stat.threads;
    }
    return { rssBytes: rssPages * this.#scale.pageBytes, processes: this.#members.size - zombies, zombies, threads };
  }

  /** Costs as much as everything else about a process, so it is asked less often of those that do nothing. */
  #readIo(pid: number, { member, monoMs }: { member: Member; monoMs: number }): void {
    const ticks = member.stat.cpuTicks + member.stat.reapedTicks;
    if (monoMs < member.ioAtMs + (ticks === member.ioAtTicks ? idleIoEveryMs : busyIoEveryMs)) return;
    const io = this.#files.io(pid);
    member.ioAtMs = monoMs;
    member.ioAtTicks = ticks;
    if (io === null) return;
    const before = sum(member.io ?? none, member.inherited);
    this.#total = {
      readBytes: this.#total.readBytes + Math.max(0, io.readBytes - before.readBytes),
      writtenBytes: this.#total.writtenBytes + Math.max(0, io.writtenBytes - before.writtenBytes),
    };
    member.io = io;
    member.inherited = none;
  }

  #openDescriptors(monoMs: number): number | null {
    if (monoMs >= this.#descriptorsAtMs + descriptorsEveryMs) {
      this.#descriptors = this.#files.openDescriptors(this.identity.pid);
      this.#descriptorsAtMs = monoMs;
    }
    return this.#descriptors;
  }
}

interface Change {
  ticks: number;
  waitedMs: number;
  spawned: number;
  ended: number;
  readonly reaped: Map<number, number>;
  readonly gone: Member[];
  readonly commandsOfEnded: string[];
}

const noChange = (): Change => ({
  ticks: 0,
  waitedMs: 0,
  spawned: 0,
  ended: 0,
  reaped: new Map(),
  gone: [],
  commandsOfEnded: [],
});

const newMember = (stat: ProcStat, command: string): Member => ({
  startTicks: stat.startTicks,
  command,
  looks: 0,
  stat,
  waitedMs: null,
  io: null,
  ioAtMs: Number.NEGATIVE_INFINITY,
  ioAtTicks: -1,
  inherited: none,
});

const sum = (a: ProcessIo, b: ProcessIo): ProcessIo => ({
  readBytes: a.readBytes + b.readBytes,
  writtenBytes: a.writtenBytes + b.writtenBytes,
});
