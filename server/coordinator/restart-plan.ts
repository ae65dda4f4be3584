import type { RestartBudget } from '#protocol/judgement';
import type { RestartSetting } from '#protocol/run-spec';
import type { RunView } from '#protocol/views';

export const restartWindowMs = 10 * 60_000;
const firstDelayMs = 1_000;
const maxDelayMs = 60_000;
/** The share by which a delay is spread, so that jobs that fell together do not rise together. */
const jitter = 0.2;
/** Of the shell: not executable, not found. Starting them again cannot help. */
const hopelessCodes: readonly number[] = [126, 127];
/** A job without a setting of its own that the policy restarts: this many in the window. */
const policyMax = 3;

export type RestartPlan =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'restart';
      readonly attempt: number;
      readonly delayMs: number;
      readonly cause: 'crash' | 'policy' | 'user';
      readonly reason: string;
    }
  | { readonly kind: 'quarantine'; readonly restarts: number; readonly windowMs: number; readonly reason: string };

export interface EndedRun {
  readonly view: RunView;
  /** A ladder or a person asked for the restart. */
  readonly restartAsked: 'policy' | 'user' | null;
  /** What the policy that asked says of restarts. */
  readonly restartBudget: RestartBudget | null;
  /** Epoch ms of the job's earlier restarts. */
  readonly restartsAtMs: readonly number[];
  readonly nowMs: number;
  /** 0-1, for the jitter. */
  readonly chance: number;
}

/** What is left of a delay that an earlier daemon began. The clock may have been set since: never more than the longest delay. */
export const waitFor = (dueAtMs: number, nowMs: number, longestMs = maxDelayMs): number =>
  Math.min(longestMs * (1 + jitter), Math.max(0, dueAtMs - nowMs));

/** What follows the end of a run. A restart that a person asked for is not counted; all others are. */
export const planRestart = (ended: EndedRun): RestartPlan => {
  const { view, restartAsked, restartsAtMs, nowMs, chance } = ended;
  const budget = budgetOf(ended);
  const { windowMs } = budget;
  const cause = restartAsked === 'user' ? 'user' : causeOf(view, restartAsked);
  if (cause === null) return { kind: 'none' };
  // Whoever asks: never two generations side by side.
  if (view.survivors > 0)
    return {
      kind: 'quarantine',
      restarts: 0,
      windowMs,
      reason: `${view.survivors} of its processes could not be ended`,
    };
  if (cause === 'user')
    return { kind: 'restart', attempt: 1, delayMs: 0, cause, reason: view.stopReason ?? 'asked for' };
  const recent = restartsAtMs.filter((atMs) => nowMs - atMs <= windowMs).length;
  if (recent >= budget.max)
    return {
      kind: 'quarantine',
      restarts: recent,
      windowMs,
      reason: `it used up its ${budget.max} restarts in ${windowMs / 60_000} minutes`,
    };
  const spread = 1 + budget.jitter * (2 * chance - 1);
  const delayMs = Math.min(budget.maxDelayMs, budget.initialDelayMs * budget.factor ** recent) * spread;
  return { kind: 'restart', attempt: recent + 1, delayMs: Math.round(delayMs), cause, reason: reasonOf(view) };
};

/** A restart that a ladder asked for is held to what its policy says; a crash, to what was asked for the job. */
const budgetOf = ({ view, restartAsked, restartBudget }: EndedRun) => {
  const told = restartAsked === 'policy' ? restartBudget : null;
  return {
    max: told?.max ?? (view.restart.mode === 'no' ? policyMax : view.restart.max),
    windowMs: told?.withinMs ?? restartWindowMs,
    initialDelayMs: told?.initialDelayMs ?? firstDelayMs,
    factor: told?.factor ?? 2,
    maxDelayMs: told?.maxDelayMs ?? maxDelayMs,
    jitter: told?.jitter ?? jitter,
  };
};

const causeOf = (view: RunView, restartAsked: 'policy' | 'user' | null): 'crash' | 'policy' | null => {
  if (restartAsked === 'policy') return 'policy';
  if (!wantsRestart(view.restart, view)) return null;
  return view.state === 'stopped' ? 'policy' : 'crash';
};

const wantsRestart = (setting: RestartSetting, view: RunView): boolean => {
  // It was to be the next run of its job, and never got to be one: that is FlowForge's own doing, not the job's.
  if (view.adoption === 'never_started' && view.generation > 1) return true;
  if (setting.mode === 'no') return false;
  if (view.state === 'stopped') return view.stopCause === 'policy' || view.stopCause === 'limit';
  if (view.state !== 'exited' || (view.exitCode !== null && hopelessCodes.includes(view.exitCode))) return false;
  return setting.mode === 'always' || view.exitCode !== 0;
};

const reasonOf = (view: RunView): string => {
  if (view.adoption === 'never_started') return 'FlowForge died before it was started';
  if (view.state === 'stopped') return `it was stopped: ${view.stopReason ?? 'by policy'}`;
  return view.signal === null ? `it ended with code ${view.exitCode}` : `it was ended by ${view.signal}`;
};
