import type { ProcessStat } from '../process-identity.ts';
import { keyOf } from './membership.ts';

/** Processes by key, parent and session, so that to find the members of one run costs by its members, not by the machine. */
export class ProcessIndex {
  readonly #byKey = new Map<string, ProcessStat>();
  readonly #children = new Map<number, ProcessStat[]>();
  readonly #sessions = new Map<number, ProcessStat[]>();
  #youngestFirst: readonly ProcessStat[] = [];

  add(stat: ProcessStat): void {
    this.#byKey.set(keyOf(stat), stat);
    append(this.#children, stat.parentPid, stat);
    append(this.#sessions, stat.sessionId, stat);
  }

  get size(): number {
    return this.#byKey.size;
  }

  all(): Iterable<ProcessStat> {
    return this.#byKey.values();
  }

  get(key: string): ProcessStat | undefined {
    return this.#byKey.get(key);
  }

  youngestFirst(): readonly ProcessStat[] {
    if (this.#youngestFirst.length !== this.size)
      this.#youngestFirst = [...this.all()].sort((a, b) => b.startTicks - a.startTicks);
    return this.#youngestFirst;
  }

  /**
   * Adds to the keys of members those of all who belong to them: children of members are members, and so is everybody in a
   * session that a member leads, for sessions are only inherited. Only leaders that are still there count; the number of a
   * session that died out is handed out again.
   */
  closeOver(keys: Set<string>): void {
    // A set is walked in the order of its making, and what is added on the way has its turn.
    for (const key of keys) {
      const member = this.#byKey.get(key);
      if (member === undefined) continue;
      for (const child of this.#children.get(member.pid) ?? []) keys.add(keyOf(child));
      if (member.sessionId !== member.pid) continue;
      for (const fellow of this.#sessions.get(member.pid) ?? []) keys.add(keyOf(fellow));
    }
  }
}

const append = (lists: Map<number, ProcessStat[]>, key: number, stat: ProcessStat): void => {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [stat]);
  else list.push(stat);
};
