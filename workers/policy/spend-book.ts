import type { RunId } from '#protocol/ids';
import type { SignalVector } from '#protocol/signals';
import { type CostBasis, costBases, type SpendEntry, type SpendingState, type Spent } from '#protocol/spending';
import { type BudgetWindow, openWindow, sayWindow } from './budget-window.ts';

/** What a run says of itself on each tick; `micros` are null while nothing could be priced. */
export interface SpendReading {
  readonly micros: number | null;
  readonly tokens: number;
  readonly basis: CostBasis;
  /** Spent in the last ten minutes. */
  readonly burnMicros: number;
  readonly goesOn: boolean;
}

export interface SpentInAll extends Spent {
  /** null where nothing was spent. */
  readonly basis: CostBasis | null;
}

const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;
const fineForMs = 48 * 3_600_000;
const keptForMs = 32 * 24 * 3_600_000;
const mostRuns = 2_000;
/** After the dearest run was paused the sum is looked at for this long before the next one is named. */
const breathMs = 30_000;
const calendar = ['hour', 'day', 'week', 'month'] as const;

interface Amount {
  micros: number;
  tokens: number;
  basis: number;
}

/**
 * The spending of all jobs in minutes, for as long as a budget may look back. Sums are those of the last `begin`:
 * all runs of one tick are held against the same.
 */
export class SpendBook {
  readonly #entries = new Map<number, Amount>();
  readonly #runs = new Map<RunId, Spent>();
  readonly #burn = new Map<RunId, { readonly burnMicros: number; readonly goesOn: boolean }>();
  #sums = new Map<number, SpentInAll>();
  #shared = new Map<string, SignalVector>();
  #atMs = 0;
  #top: { readonly runId: RunId; readonly pausedAtMs: number | null } | null = null;
  #coarsenedAtMs = 0;
  #version = 0;

  constructor(state: SpendingState) {
    for (const [atMs, micros, tokens, basis] of state.entries) this.#entries.set(atMs, { micros, tokens, basis });
    for (const [runId, micros, tokens] of state.runs) this.#runs.set(runId, { micros, tokens });
  }

  /** Grows with everything that is worth keeping. */
  get version(): number {
    return this.#version;
  }

  begin(atMs: number): void {
    if (atMs === this.#atMs) return; // more of the same tick
    this.#sums = new Map();
    this.#shared = new Map();
    this.#atMs = atMs;
    if (atMs - this.#coarsenedAtMs >= quarterMs) this.#coarsen(atMs);
    this.#nameTheDearest(atMs);
  }

  totalOf(runId: RunId): Spent | null {
    return this.#runs.get(runId) ?? null;
  }

  note(runId: RunId, reading: SpendReading, atMs: number): void {
    const { burnMicros, goesOn } = reading;
    this.#burn.set(runId, { burnMicros, goesOn });
    const before = this.#runs.get(runId) ?? { micros: 0, tokens: 0 };
    const now = { micros: reading.micros ?? before.micros, tokens: reading.tokens };
    if (now.micros === before.micros && now.tokens === before.tokens) return;
    this.#version += 1;
    this.#runs.set(runId, now);
    const start = Math.floor(atMs / minuteMs) * minuteMs;
    const amount = this.#entries.get(start) ?? { micros: 0, tokens: 0, basis: 0 };
    amount.micros += now.micros - before.micros;
    amount.tokens += now.tokens - before.tokens;
    amount.basis = Math.max(amount.basis, costBases.indexOf(reading.basis));
    this.#entries.set(start, amount);
  }

  forget(runId: RunId): void {
    this.#burn.delete(runId);
    if (this.#runs.delete(runId)) this.#version += 1;
  }

  spentSince(fromMs: number): SpentInAll {
    const known = this.#sums.get(fromMs);
    if (known !== undefined) return known;
    let [micros, tokens, basis, isSpent] = [0, 0, 0, false];
    for (const [startMs, amount] of this.#entries) {
      if (startMs < fromMs) continue;
      micros += amount.micros;
      tokens += amount.tokens;
      basis = Math.max(basis, amount.basis);
      isSpent = true;
    }
    // An agent's own last word may be less than what was counted before.
    const sum: SpentInAll = {
      micros: Math.max(0, micros),
      tokens: Math.max(0, tokens),
      basis: isSpent ? (costBases[basis] ?? null) : null,
    };
    this.#sums.set(fromMs, sum);
    return sum;
  }

  /** The `fleet.*` columns of the signal vector of one run, as of the last `begin`; none while nothing was ever spent. */
  signals(runId: RunId, night: BudgetWindow | null): SignalVector {
    if (this.#entries.size === 0) return {};
    const key = night === null ? '' : sayWindow(night);
    const shared = this.#shared.get(key) ?? this.#sumsOf(night);
    this.#shared.set(key, shared);
    return this.#top?.runId === runId ? { ...shared, 'fleet.top_burner': 1 } : shared;
  }

  toState(): SpendingState {
    return {
      entries: [...this.#entries].map(([atMs, { micros, tokens, basis }]): SpendEntry => [atMs, micros, tokens, basis]),
      runs: [...this.#runs].slice(-mostRuns).map(([runId, { micros, tokens }]) => [runId, micros, tokens] as const),
    };
  }

  /** The same for all runs of one tick that have the same night. */
  #sumsOf(night: BudgetWindow | null): SignalVector {
    const signals: Record<string, number | string> = {};
    const put = (name: string, window: BudgetWindow): void => {
      const open = openWindow(window, this.#atMs);
      if (open === null) return;
      const spent = this.spentSince(open.fromMs);
      signals[`fleet.usd_${name}`] = spent.micros / 1e6;
      signals[`fleet.tokens_${name}`] = spent.tokens;
    };
    for (const window of calendar) put(window, window);
    if (night !== null) put('window', night);
    const opened = ['day' as const, ...(night === null ? [] : [night])].map((window) => openWindow(window, this.#atMs));
    const { basis } = this.spentSince(Math.min(...opened.map((open) => open?.fromMs ?? this.#atMs)));
    if (basis !== null) signals['fleet.basis'] = basis;
    return signals;
  }

  /** Minutes that no short window can ask for any more become quarters of an hour; the oldest go. */
  #coarsen(atMs: number): void {
    this.#coarsenedAtMs = atMs;
    for (const [startMs, amount] of [...this.#entries]) {
      if (startMs >= atMs - fineForMs) continue;
      const quarter = Math.floor(startMs / quarterMs) * quarterMs;
      if (quarter === startMs && startMs >= atMs - keptForMs) continue;
      this.#entries.delete(startMs);
      if (startMs < atMs - keptForMs) continue;
      const whole = this.#entries.get(quarter) ?? { micros: 0, tokens: 0, basis: 0 };
      whole.micros += amount.micros;
      whole.tokens += amount.tokens;
      whole.basis = Math.max(whole.basis, amount.basis);
      this.#entries.set(quarter, whole);
    }
  }

  /** One at a time: the next is named when the one before was paused a while ago, or is gone. */
  #nameTheDearest(atMs: number): void {
    const held = this.#top;
    const known = held === null ? undefined : this.#burn.get(held.runId);
    if (held !== null && known !== undefined) {
      const pausedAtMs = known.goesOn ? null : (held.pausedAtMs ?? atMs);
      this.#top = { runId: held.runId, pausedAtMs };
      const isPausedLately = pausedAtMs !== null && atMs - pausedAtMs < breathMs;
      if (isPausedLately) return;
    }
    let [dearest, most]: [RunId | null, number] = [null, 0];
    for (const [runId, { burnMicros, goesOn }] of this.#burn)
      if (goesOn && burnMicros > most) [dearest, most] = [runId, burnMicros];
    if (dearest !== null) this.#top = { runId: dearest, pausedAtMs: null };
    else if (known === undefined) this.#top = null;
  }
}
