import { setTimeout as sleep } from 'node:timers/promises';
import { DaemonAway, type DaemonClient } from './daemon-client.ts';

/** A client that outlives its daemon: a call that finds nobody is made again, with a new daemon where it takes one. */
export interface DaemonLink {
  ask<Answer>(question: (client: DaemonClient) => Promise<Answer>): Promise<Answer>;
}

export interface LinkOptions {
  readonly client: DaemonClient;
  /** Starts a daemon again. The keeper usually is faster, so it is asked only after a while. */
  readonly revive: () => Promise<unknown>;
}

const reviveAfterMs = 4_000;
const giveUpAfterMs = 30_000;
const askAgainMs = 200;

/** @throws DaemonAway when no daemon could be had for 30 seconds. */
export const createDaemonLink = ({ client, revive }: LinkOptions): DaemonLink => ({
  ask: async (question) => {
    const startedMs = performance.now();
    let hasRevived = false;
    for (;;) {
      try {
        return await question(client);
      } catch (error) {
        const goneMs = performance.now() - startedMs;
        if (!(error instanceof DaemonAway) || goneMs > giveUpAfterMs) throw error;
        if (!hasRevived && goneMs > reviveAfterMs) {
          hasRevived = true;
          await revive();
        }
        await sleep(askAgainMs);
      }
    }
  },
});
