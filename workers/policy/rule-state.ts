import { assertNever } from '#protocol/assert-never';
import type { RuleStateName } from '#protocol/judgement';

/** Where one rule stands on one run. `sinceMs` is for people; timers run on the monotonic milliseconds beside it. */
export type RuleState =
  | {
      readonly kind: 'inactive';
      readonly sinceMs: number;
      readonly quietUntilMonoMs: number;
      readonly fingerprint: string;
    }
  | { readonly kind: 'pending'; readonly sinceMs: number; readonly sinceMonoMs: number; readonly fingerprint: string }
  | {
      readonly kind: 'firing';
      readonly sinceMs: number;
      readonly sinceMonoMs: number;
      /** When the condition was last seen to hold; the rule clears `keep_for` later. */
      readonly heldAtMonoMs: number;
      readonly fingerprint: string;
    };

/** By rule id. A rule that is not in it has never been anything but inactive. */
export type RuleStates = ReadonlyMap<string, RuleState>;

export interface RuleTimers {
  readonly fingerprint: string;
  readonly dwellMs: number;
  readonly keepMs: number;
  readonly cooldownMs: number;
}

/**
 * inactive → pending when the condition holds and the cooldown is over; pending → firing after the dwell, → inactive as
 * soon as it does not hold; firing → inactive after it has not held for `keep_for`.
 * Returns the same object where nothing changed.
 */
export const nextRuleState = (
  state: RuleState,
  timers: RuleTimers,
  seen: { readonly holds: boolean; readonly atMs: number; readonly monoMs: number },
): RuleState => {
  const { fingerprint } = timers;
  const { atMs, monoMs } = seen;
  const fires: RuleState = { kind: 'firing', sinceMs: atMs, sinceMonoMs: monoMs, heldAtMonoMs: monoMs, fingerprint };
  switch (state.kind) {
    case 'inactive':
      if (!seen.holds || monoMs < state.quietUntilMonoMs) return state;
      return timers.dwellMs === 0 ? fires : { kind: 'pending', sinceMs: atMs, sinceMonoMs: monoMs, fingerprint };
    case 'pending':
      if (!seen.holds) return { kind: 'inactive', sinceMs: atMs, quietUntilMonoMs: 0, fingerprint };
      return monoMs - state.sinceMonoMs >= timers.dwellMs ? fires : state;
    case 'firing':
      if (seen.holds) return { ...state, heldAtMonoMs: monoMs };
      if (monoMs - state.heldAtMonoMs < timers.keepMs) return state;
      return { kind: 'inactive', sinceMs: atMs, quietUntilMonoMs: monoMs + timers.cooldownMs, fingerprint };
    default:
      return assertNever(state);
  }
};

export const neverActive = (fingerprint: string): RuleState => ({
  kind: 'inactive',
  sinceMs: 0,
  quietUntilMonoMs: 0,
  fingerprint,
});

export const stateName = (state: RuleState | undefined): RuleStateName => state?.kind ?? 'inactive';
