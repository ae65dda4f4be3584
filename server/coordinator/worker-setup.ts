import { MessageChannel, type MessagePort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { CoordinatorControl, GatewaySetup } from '#protocol/control';
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
const untold = { history: [], unsettled: [], coordinator: null, spent: nothingSpent };

export interface WorkerSetupOptions {
  readonly home: string;
  readonly gateway: GatewaySetup;
  readonly control: () => CoordinatorControl;
  readonly introduce: (tell: (change: RunChange) => void) => void;
  readonly history: () => readonly SealedFact[];
  readonly spent: () => KeptSpending;
  readonly forgetAction: () => Promise<void>;
}

/** Asked at each birth of a worker; the ports inside are transferred. */
export const createWorkerSetup = (options: WorkerSetupOptions) => {
  const born = new Set<string>();
  return async (worker: string): Promise<{ setup: WorkerSetup; transfer: MessagePort[] }> => {
    const introductions: RunChange[] = [];
    const isSuccessor = born.has(worker);
    if (isSuccessor) options.introduce((change) => introductions.push(change));
    born.add(worker);
    const setup = { home: options.home, gateway: options.gateway, introductions, ...untold };
    if (worker === 'gateway') {
      const { port1, port2 } = new MessageChannel();
      Comlink.expose(options.control(), nodeEndpoint(port1));
      const unsettled = isSuccessor ? options.history() : [];
      return { setup: { ...setup, coordinator: port2, unsettled }, transfer: [port2] };
    }
    if (worker === 'detection') return { setup: { ...setup, spent: options.spent() }, transfer: [] };
    if (worker !== 'action') return { setup, transfer: [] };
    await options.forgetAction();
    return { setup: { ...setup, history: options.history().map(({ fact }) => fact) }, transfer: [] };
  };
};
