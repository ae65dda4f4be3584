import type { Fact, FactBody, StopCause } from './facts.ts';
import type { IncidentId, JobId, RunId } from './ids.ts';
import type { Evidence, Severity, Verb } from './judgement.ts';
import type { LiveRule } from './messages.ts';
import type { AdoptionOutcome } from './run-facts.ts';
import type { ContainmentLevel, Profile, RestartSetting, RunLimits } from './run-spec.ts';
import type { Activity, RunState } from './run-state.ts';

/** A run as people see it: a fold of its facts. Live numbers are beside it, never inside it. */
export interface RunView {
  readonly runId: RunId;
  readonly jobId: JobId;
  readonly generation: number;
  readonly name: string;
  readonly state: RunState;
  readonly pid: number | null;
  /** Redacted argv. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly requestedAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly profile: Profile;
  readonly limits: RunLimits | null;
  readonly policy: string;
  readonly containment: ContainmentLevel;
  readonly restart: RestartSetting;
  readonly adoption: AdoptionOutcome | null;
  /** Why FlowForge or its user ended it; null while nobody did. */
  readonly stopCause: StopCause | null;
  readonly stopReason: string | null;
  /** True once the tree was verified empty after a stop. */
  readonly verifiedEmpty: boolean;
  readonly survivors: number;
  /** Will be followed by another run of the job. */
  readonly restartDueAtMs: number | null;
  readonly nextRunId: RunId | null;
  /** Reason of a failed start, a loss or a quarantine; or who moves on although the run is to be paused. */
  readonly trouble: string | null;
  /** Its end, its tree and what follows are decided; no further fact will change it. */
  readonly settled: boolean;
  readonly lastSeq: number;
}

export interface IncidentView {
  readonly incidentId: IncidentId;
  readonly runId: RunId;
  readonly name: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly state: 'open' | 'closed';
  /** The strongest thing that was done, or would have been done where `enforced` is false. */
  readonly action: Verb;
  readonly enforced: boolean;
  readonly openedAtMs: number;
  readonly closedAtMs: number | null;
  readonly outcome: string | null;
  readonly summary: string;
  readonly evidence: readonly Evidence[];
  readonly policyHash: string;
}

/** One line of a timeline: the fact itself and one sentence about it. */
export interface TimelineEntry {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: FactBody['kind'];
  readonly runId: RunId | null;
  readonly incidentId: IncidentId | null;
  /** 0 background, 1 ordinary, 2 what a person looks for first. */
  readonly weight: 0 | 1 | 2;
  readonly text: string;
  readonly fact: Fact;
}

/** What `ps --json`, `inspect --json` and `/v1/runs` speak of: the fold and the live numbers side by side, flat. */
export interface RunRow {
  readonly runId: RunId;
  readonly jobId: JobId;
  readonly generation: number;
  readonly name: string;
  readonly state: RunState;
  readonly activity: Activity;
  readonly pid: number | null;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly cpuPct: number | null;
  readonly rssBytes: number | null;
  readonly processes: number | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly policy: string;
  readonly containment: ContainmentLevel;
  readonly rules: readonly LiveRule[];
  readonly lastLine: string | null;
  readonly progressAgeS: number | null;
  readonly costUsd: number | null;
  readonly stopCause: StopCause | null;
  readonly stopReason: string | null;
  readonly trouble: string | null;
  /** When the live numbers were taken; null when there are none. */
  readonly liveAtMs: number | null;
  readonly nextRunId: RunId | null;
  readonly restartDueAtMs: number | null;
}
