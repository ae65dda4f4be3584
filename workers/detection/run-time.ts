/** Longest step that is believed when the monotonic clock of sampling began anew (its thread was replaced). */
const longestGuessMs = 2000;

interface Moment {
  readonly atMs: number;
  readonly monoMs: number;
}

/** The time of one run: it passes between observations, and does not while the run is paused or the machine sleeps. */
export class RunTime {
  readonly #startedAtMs: number;
  readonly #pausedBeforeMs: number;
  #last: Moment | null = null;
  #runMs = 0;
  #ageAtFirstMs = 0;
  #pausedSinceMs: number | null = null;
  /** Paused within the step that has not been counted yet. */
  #pausedMs = 0;

  /** @param pausedBeforeMs since its start, before anybody here looked: facts tell. */
  constructor(startedAtMs: number, pausedBeforeMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#pausedBeforeMs = pausedBeforeMs;
  }

  /** @param monoMs of this thread; observations carry that of sampling. Both run alike, from different starts. */
  pause(monoMs: number): void {
    this.#pausedSinceMs ??= monoMs;
  }

  resume(monoMs: number): void {
    if (this.#pausedSinceMs !== null) this.#pausedMs += monoMs - this.#pausedSinceMs;
    this.#pausedSinceMs = null;
  }

  get isPaused(): boolean {
    return this.#pausedSinceMs !== null;
  }

  /** @param monoMs of this thread. */
  advance(now: Moment, monoMs: number): void {
    if (this.#pausedSinceMs !== null) {
      this.#pausedMs += monoMs - this.#pausedSinceMs;
      this.#pausedSinceMs = monoMs;
    }
    if (this.#last === null) this.#ageAtFirstMs = this.#ageBefore(now.atMs);
    else this.#runMs += Math.max(0, stepMs(this.#last, now) - this.#pausedMs);
    this.#pausedMs = 0;
    this.#last = now;
  }

  /** The clock of the wall is all there is of that time. */
  #ageBefore(atMs: number): number {
    return Math.max(0, atMs - this.#startedAtMs - this.#pausedBeforeMs - this.#pausedMs);
  }

  /** Since the first observation. */
  get runMs(): number {
    return this.#runMs;
  }

  /** Since the start of the run, pauses left out. */
  get ageMs(): number {
    return this.#ageAtFirstMs + this.#runMs;
  }
}

const stepMs = (last: Moment, now: Moment): number => {
  const step = now.monoMs - last.monoMs;
  return step >= 0 ? step : Math.min(Math.max(0, now.atMs - last.atMs), longestGuessMs);
};
