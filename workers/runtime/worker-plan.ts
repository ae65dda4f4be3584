import type { Delivery } from './link.ts';
import type { RestartIntensity } from './restart-policy.ts';

export interface WorkerPlan {
  readonly name: string;
  readonly entry: URL;
  /** A worker whose heartbeat is silent for longer is blocked: it is ended and replaced. */
  readonly stallMs: number;
  readonly maxHeapMb: number;
  /** Buffers lie outside the heap and its limit: a worker that holds more is replaced. */
  readonly maxBufferMb: number;
  readonly intensity: RestartIntensity;
}

/** A wire between two workers, or between a worker and `main`. */
export interface WirePlan {
  readonly wire: string;
  readonly from: string;
  readonly to: string;
  readonly delivery: Delivery;
}

export type SupervisionEvent =
  | { readonly kind: 'started'; readonly worker: string; readonly generation: number; readonly tookMs: number }
  | { readonly kind: 'died'; readonly worker: string; readonly generation: number; readonly why: string }
  /** A system call holds its thread: it could not be ended, only replaced. */
  | { readonly kind: 'abandoned'; readonly worker: string; readonly inAll: number }
  | { readonly kind: 'given-up'; readonly worker: string; readonly deaths: number; readonly windowMs: number };

export interface WorkerState {
  readonly worker: string;
  readonly generation: number;
  readonly state: 'starting' | 'up' | 'down' | 'given-up';
  readonly startedAtMs: number;
  readonly deaths: number;
  readonly lastDeath: string | null;
}
