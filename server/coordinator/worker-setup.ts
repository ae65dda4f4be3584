import type { MessagePort } from 'node:worker_threads';
import type { GatewaySetup } from '#protocol/control';
import type { Fact, SealedFact } from '#protocol/facts';
import type { RunChange } from '#protocol/messages';
import { type KeptSpending, nothingSpent } from '#protocol/spending';

/** What a worker is told at its birth; each takes what it needs. */
export interface WorkerSetup {
  readonly home: string;
  readonly history: readonly Fact[];
  /** To a gateway that takes a dead one's place: should its ledger turn out to be damaged, a new one begins with these. */
  readonly unsettled: readonly SealedFact[];
  /** The runs there are, for a worker that takes a dead one's place; the first of its kind is told over its wire. */
  readonly introductions: readonly RunChange[];
  readonly gateway: GatewaySetup;
  /** To detection only. */
  readonly spent: KeptSpending;
  /** To the gateway only: the comlink port of `CoordinatorControl`. */
  readonly coordinator: MessagePort | null;
}

/** What most workers have no use for. */
export const untold = { history: [], unsettled: [], coordinator: null, spent: nothingSpent };
