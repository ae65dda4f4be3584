import type { DaemonStatus, StartedRun } from './control.ts';
import type { Fact, Survivor } from './facts.ts';
import type { RunId } from './ids.ts';
import type { HostFigures } from './observations.ts';
import type { RunRequest } from './run-spec.ts';
import type { SignalName } from './signals.ts';
import type { CostBasis } from './spending.ts';
import type { IncidentView, RunRow, RunView, TimelineEntry } from './views.ts';

/** RFC 9457, as `application/problem+json`. `hint` says what to do next; `code` is for programs. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint: string;
  readonly requestId: string;
}

/** A page of a list: newest first unless a route says otherwise; `nextCursor` is null on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface RunDetail {
  readonly run: RunView;
  readonly row: RunRow;
  readonly incidents: readonly IncidentView[];
}

export interface LogLine {
  /** Offset of the first byte of the line in its stream; with the stream it names the line for ever. */
  readonly offset: number;
  readonly stream: 'stdout' | 'stderr';
  /** Arrival, from the run's index; null where it is not known. */
  readonly atMs: number | null;
  /** Redacted; control characters other than tab are left in and must be made visible where they are shown. */
  readonly text: string;
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Where to go on: offsets just after the last line given, per stream. */
  readonly next: { readonly stdout: number; readonly stderr: number };
  readonly ended: boolean;
}

export interface SignalSeries {
  readonly runId: RunId;
  readonly atMs: readonly number[];
  /** Column per signal, same length as `atMs`; null where there was no value. */
  readonly columns: { readonly [Name in SignalName]?: readonly (number | null)[] };
}

/** `GET /v1/verify`: the whole record, read from the first fact to the last. */
export interface VerifyReply {
  readonly chain:
    | {
        readonly kind: 'ok';
        readonly facts: number;
        readonly lastSeq: number;
        /** Gaps that were known and told when they happened. */
        readonly breaks: readonly { readonly seq: number; readonly why: string }[];
      }
    | { readonly kind: 'bad'; readonly seq: number; readonly why: string };
  /** Journalled, and not in the ledger yet. */
  readonly waitingFacts: number;
  readonly liveRuns: number;
  /** Runs that are over, and of which it is not decided yet what follows. */
  readonly unsettledRuns: readonly RunId[];
  readonly survivors: readonly RunSurvivors[];
}

/** Processes of a run that is over. */
export interface RunSurvivors {
  readonly runId: RunId;
  readonly survivors: number;
  /** Those that live now; none of them where only the record tells of them, because no process table says more. */
  readonly processes: readonly Survivor[];
}

/** One budget of a policy as it stands for one run, or for the fleet in its window; `usd` and `tokens` have the extensions in them. */
export interface BudgetView {
  readonly budget: string;
  readonly scope: 'job' | 'fleet';
  /** null for a budget of the fleet. */
  readonly runId: RunId | null;
  /** Of the run, or of the policy. */
  readonly name: string;
  /** null for a job as a whole. `openUntilMs` is null between two nights. */
  readonly window: {
    readonly name: string;
    readonly fromMs: number | null;
    readonly openUntilMs: number | null;
  } | null;
  readonly usd: number | null;
  readonly extraUsd: number;
  readonly extraTokens: number;
  readonly times: number;
  readonly tokens: string | null;
  /** null while nothing could be priced. */
  readonly spentUsd: number | null;
  readonly spentTokens: number | null;
  /** How the sum is known: the least sure part counts; null while nothing was spent. */
  readonly basis: CostBasis | null;
  /** What is left, never below zero; null where the budget has no such part. */
  readonly leftUsd: number | null;
  readonly leftTokens: number | null;
}

/** Body of `POST /process/kill` and `/process/restart`, and of `/v1/runs/:id/{stop,restart,pause,resume}` (without runId). */
export interface ProcessCommand {
  readonly runId?: string;
  readonly reason?: string;
  readonly graceMs?: number;
}

/** `POST /v1/runs`, over the unix socket only. */
export type StartRunBody = RunRequest;
export type StartRunReply = StartedRun;
export type StatusReply = DaemonStatus;

/** One row of live numbers as it crosses the socket: an array, changed rows only. */
export type TickRow = readonly [
  runId: RunId,
  cpuPct: number | null,
  rssBytes: number | null,
  processes: number | null,
  progressAgeS: number | null,
  lineRate: number | null,
  costUsd: number | null,
];

/** What the gateway says on socket.io. After `snapshot`, facts follow with seq above `seq`; a gap asks for a new snapshot. */
export interface ServerToClient {
  snapshot(state: {
    readonly seq: number;
    readonly atMs: number;
    readonly runs: readonly RunRow[];
    readonly incidents: readonly IncidentView[];
    readonly status: DaemonStatus;
  }): void;
  /** Facts in order of seq. Slow clients lose ticks, never facts: they are cut off and start again with a snapshot. */
  facts(facts: readonly Fact[]): void;
  /** Rows whose fold or rules changed; replaces the row of the same runId. */
  rows(rows: readonly RunRow[]): void;
  tick(tick: {
    readonly atMs: number;
    readonly host: HostFigures;
    readonly rows: readonly TickRow[];
    /** Why facts wait for the database; null while they do not. */
    readonly trouble: string | null;
  }): void;
  log(chunk: { readonly runId: RunId; readonly lines: readonly LogLine[]; readonly dropped: number }): void;
}
export interface ClientToServer {
  /** Follow the log of one run from its end; only open viewers get lines. */
  watchLog(runId: string, ack: (problem: Problem | null) => void): void;
  unwatchLog(runId: string): void;
  snapshot(): void;
}

export type { IncidentView, RunRow, RunView, TimelineEntry };
