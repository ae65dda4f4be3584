import type { CoordinatorControl, DaemonStatus } from '#protocol/control';
import type { FactReport } from '#protocol/messages';
import type { Ledger } from '#record/ledger';
import type { LogView } from '#record/log-view';
import type { Recordings } from '#record/recordings';
import type { Clock } from '#runtime/clock';
import type { FactFeed } from './fact-feed.ts';
import type { Fleet } from './fleet.ts';
import type { Metrics } from './metrics.ts';
import type { PolicyBench } from './policy-bench.ts';
import type { Replays } from './replays.ts';
import type { Seats } from './seats.ts';
import type { Sessions } from './sessions.ts';

/** All that routes work with. */
export interface Site {
  readonly ledger: Ledger;
  readonly fleet: Fleet;
  readonly feed: FactFeed;
  readonly frames: FrameFeed;
  readonly recordings: Recordings;
  readonly logs: LogView;
  readonly coordinator: CoordinatorControl;
  readonly sessions: Sessions;
  /** Open streams, and open long polls: each holds a socket. */
  readonly streams: Seats;
  readonly waits: Seats;
  readonly replays: Replays;
  readonly metrics: Metrics;
  readonly bench: PolicyBench;
  readonly clock: Clock;
  readonly report: (fact: FactReport) => Promise<void>;
  readonly status: () => DaemonStatus;
  readonly cookieName: () => string;
  /** Why facts wait for the ledger; null while they do not. */
  readonly trouble: () => string | null;
  /** Writes an error that nobody expected to the daemon's log. */
  readonly note: (error: unknown) => void;
}

/** One coalesced frame to all who look, at most once a second. */
export interface FrameFeed {
  subscribe(listener: (frame: Frame) => void): () => void;
}

export type Frame = ReturnType<Fleet['takeChanges']> & { readonly atMs: number };
