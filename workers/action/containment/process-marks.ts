import type { ProcessStat } from '../process-identity.ts';
import { keyOf } from './membership.ts';

/** Of the start times in /proc: a hundredth of a second each. A job has its mark long before it is this old. */
export const settledTicks = 1_000;

/**
 * What /proc told of the marks of processes. Marks are inherited, never acquired, but a job is marked only while it starts:
 * who was without one when it had long been there is not asked again, and who was young when it was asked is, however old
 * it is by then.
 */
export class ProcessMarks {
  readonly #marks = new Map<string, number | null>();
  readonly #settledBefore: number;

  /** @param uptimeTicks when the listing was made for which these are asked. */
  constructor(uptimeTicks: number) {
    this.#settledBefore = uptimeTicks - settledTicks;
  }

  of(stat: ProcessStat, ask: (pid: number) => number | null): number | null {
    const key = keyOf(stat);
    const known = this.#marks.get(key);
    if (known !== undefined) return known;
    const mark = ask(stat.pid);
    this.#marks.set(key, mark);
    return mark;
  }

  /** For the next listing, what needs no second look. */
  keptFor(listed: readonly ProcessStat[], uptimeTicks: number): ProcessMarks {
    const next = new ProcessMarks(uptimeTicks);
    for (const stat of listed) {
      const mark = this.#marks.get(keyOf(stat));
      if (mark === undefined || (mark === null && stat.startTicks >= this.#settledBefore)) continue;
      next.#marks.set(keyOf(stat), mark);
    }
    return next;
  }
}
