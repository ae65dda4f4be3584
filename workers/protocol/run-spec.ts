import type { JobId, JobKey, RunId } from './ids.ts';
import type { Rollout } from './judgement.ts';

export const profiles = ['light', 'standard', 'heavy'] as const;
/** A baseline of thresholds: how hard a job may work before FlowForge looks closer. */
export type Profile = (typeof profiles)[number];

/** The numbers a run is held against. All are final: defaults, profile, file, environment and flags are already merged. */
export interface RunLimits {
  readonly maxCpuPct: number;
  readonly maxMemBytes: number | null;
  readonly timeoutMs: number | null;
  /** Between SIGTERM and the boundary kill. */
  readonly graceMs: number;
  /** How often the run is evaluated; a multiple of the tick (100 ms). */
  readonly pollIntervalMs: number;
  /** Fewest lines that a repetition must cover before it counts. */
  readonly logWindowLines: number;
}

export type RestartMode = 'no' | 'on-failure' | 'always';
export interface RestartSetting {
  readonly mode: RestartMode;
  /** Restarts in the window before the job is quarantined. */
  readonly max: number;
}

/** The policy of a run: a name that ships, or the text of a file with the path it came from. */
export type PolicySource =
  | { readonly kind: 'shipped'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string; readonly text: string };

/** What somebody asks for. It comes over the trusted socket only: HTTP with a key may restart jobs, never define them. */
export interface RunRequest {
  readonly name: string | null;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly profile: Profile;
  readonly policy: PolicySource;
  readonly limits: RunLimits;
  /** null leaves it to the policy. */
  readonly rollout: Rollout | null;
  /** Alerts only, whatever the policy says: limits included. */
  readonly noKill: boolean;
  readonly restart: RestartSetting;
  readonly keepOrphans: boolean;
  /** The file mode mask of whoever asked; FlowForge's own is stricter. */
  readonly umask: number;
  /** `null` is /dev/null; `fifo` is a pipe that the attached command fills and closes. */
  readonly stdin: 'null' | 'fifo';
  /** Waits for memory and load of the host too, not only for its turn. */
  readonly queue: boolean;
  /** The model to price an agent's tokens with where its stream does not name one. */
  readonly model: string | null;
}

/** `spec.json` of a run directory: all that is needed to start the job again. 0600; it holds the raw argv and environment. */
export interface RunSpec extends RunRequest {
  readonly runId: RunId;
  readonly jobId: JobId;
  readonly jobKey: JobKey;
  /** 1 for the first run of a job, one more for each restart. */
  readonly generation: number;
  readonly requestedAtMs: number;
  /** When earlier runs of this job were restarted, epoch ms, oldest first; so a crash of FlowForge does not reset the count. */
  readonly restartsAtMs: readonly number[];
  readonly handle: ContainmentHandle;
}

export const containmentLevels = ['cgroup2', 'tag-scan', 'process-group'] as const;
/** How surely "killed" can be said, best first. */
export type ContainmentLevel = (typeof containmentLevels)[number];

/** What a process is: a pid alone is handed out again by the kernel; boot and start time make it one of a kind. */
export interface ProcessIdentity {
  readonly bootId: string;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, clock ticks since boot. */
  readonly startTicks: number;
}

/** How to find every process of a run, and how to end them all. Written when the run starts and kept with it. */
export type ContainmentHandle =
  | { readonly level: 'cgroup2'; readonly cgroupDir: string; readonly tag: number }
  | { readonly level: 'tag-scan'; readonly tag: number }
  | { readonly level: 'process-group'; readonly tag: number };
