import type { BudgetEntry } from './policy-schema.ts';

export type BudgetWindow = NonNullable<BudgetEntry['window']>;

export interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The window that stands open at this moment, by the clock on the wall of this machine; null between two nights. */
export const openWindow = (window: BudgetWindow, atMs: number): Span | null => {
  const at = new Date(atMs);
  const [year, month, day] = [at.getFullYear(), at.getMonth(), at.getDate()];
  const midnight = (days: number): number => new Date(year, month, day + days).getTime();
  switch (window) {
    case 'hour':
      return { fromMs: new Date(year, month, day, at.getHours()).getTime(), untilMs: untilNextHour(at) };
    case 'day':
      return { fromMs: midnight(0), untilMs: midnight(1) };
    case 'week': {
      const sinceMonday = (at.getDay() + 6) % 7;
      return { fromMs: midnight(-sinceMonday), untilMs: midnight(7 - sinceMonday) };
    }
    case 'month':
      return { fromMs: new Date(year, month, 1).getTime(), untilMs: new Date(year, month + 1, 1).getTime() };
    default:
      return openNight(window, atMs);
  }
};

/** `from` may be later than `to`: then the window goes over midnight. */
const openNight = ({ from, to }: Exclude<BudgetWindow, string>, atMs: number): Span | null => {
  const at = new Date(atMs);
  const momentOf = (clock: string, days: number): number => {
    const [hours = 0, minutes = 0] = clock.split(':').map(Number);
    return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days, hours, minutes).getTime();
  };
  const nights = from < to ? [{ begins: 0, ends: 0 }] : [-1, 0].map((begins) => ({ begins, ends: begins + 1 }));
  const open = nights
    .map(({ begins, ends }) => ({ fromMs: momentOf(from, begins), untilMs: momentOf(to, ends) }))
    .find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
  return open ?? null;
};

const untilNextHour = (at: Date): number =>
  new Date(at.getFullYear(), at.getMonth(), at.getDate(), at.getHours() + 1).getTime();

/** `day`, or `23:00 to 07:00`. */
export const sayWindow = (window: BudgetWindow): string =>
  typeof window === 'string' ? window : `${window.from} to ${window.to}`;
