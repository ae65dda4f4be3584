/** How bad a rule's author says it is. */
/** How often, and how soon, a ladder may start a job again; null where the usual holds. */
export interface RestartBudget {
  readonly max: number | null;
  readonly withinMs: number | null;
  readonly initialDelayMs: number | null;
  readonly factor: number | null;
  readonly maxDelayMs: number | null;
  /** The share by which a delay is spread, 0-1. */
  readonly jitter: number | null;
}

export type Severity = 'info' | 'warn' | 'critical';

/** What may be done to a run, mildest first. */
export const verbs = ['continue', 'alert', 'nudge', 'throttle', 'pause', 'stop', 'restart'] as const;
export type Verb = (typeof verbs)[number];

/** Verbs that change the life of the job. Rollout samples these; alerts are always given. */
export const isDestructive = (verb: Verb): boolean =>
  verb === 'throttle' || verb === 'pause' || verb === 'stop' || verb === 'restart';

/** shadow: evaluate and record only. canary: act on a sticky share of the jobs. enforce: act. */
export const rolloutModes = ['shadow', 'canary', 'enforce'] as const;
export type RolloutMode = (typeof rolloutModes)[number];

/** Percent is 0-100 and matters in canary only; salt re-draws the buckets. */
export interface Rollout {
  readonly mode: RolloutMode;
  readonly percent: number;
  readonly salt: string;
}

/**
 * A ladder as far as it was gone up, by what was done then: under another condition it begins from the ground, and where
 * a step is another one, or is done now and was not, it begins again there.
 */
export interface ClimbedLadder {
  readonly condition: string;
  readonly steps: readonly string[];
}

export type RuleStateName = 'inactive' | 'pending' | 'firing';

/** How sure a detector is: something to remember, to tell, or to act on. */
export type FindingLevel = 'observe' | 'warn' | 'act';
export const findingLevels = ['observe', 'warn', 'act'] as const;

/**
 * What repeated, leaked or grew, in words and numbers that a person can check. Everything in it is redacted.
 * `masked` lists what was ignored when comparing; `progressLookedFor` what would have spoken for the job.
 */
export interface Evidence {
  readonly summary: string;
  /** Redacted, at most 200 bytes each, at most 4. */
  readonly samples: readonly string[];
  readonly unit: string;
  readonly period: number | null;
  readonly count: number | null;
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
  readonly masked: readonly string[];
  readonly progressLookedFor: readonly string[];
}

/** What one detector holds of one run at one moment; the same shape live and offline. */
export interface Finding {
  readonly detector: string;
  readonly level: FindingLevel;
  /** 1-based line (or event) of the stream at which the level was reached; null for resource detectors. */
  readonly atLine: number | null;
  readonly atMs: number;
  readonly count: number | null;
  readonly period: number | null;
  /** A hard sign (limit, flood, degenerate text) may act alone; a soft one needs company. */
  readonly hard: boolean;
  readonly evidence: Evidence;
}

/** One step of a rule's ladder. `afterMs` counts from the moment the rule began to fire. */
export interface LadderStep {
  readonly verb: Verb;
  readonly afterMs: number;
  /** A CEL condition over signals and `acknowledged`, checked when the step is due; null is always. */
  readonly onlyIf: string | null;
  readonly message: string | null;
  readonly resumeAfterMs: number | null;
}
