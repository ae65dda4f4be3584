import type { Fact } from '#protocol/facts';

/** Facts on their way to whoever listens. Journalled facts are told at once; the ledger may follow later. */
export interface FactFeed {
  /** Facts that were told before are left out. */
  publish(facts: readonly Fact[]): readonly Fact[];
  /** The ledger holds everything up to here. */
  confirm(seq: number): void;
  /** Told already, but not in the ledger yet. */
  unconfirmed(): readonly Fact[];
  lastSeq(): number;
  subscribe(listener: (facts: readonly Fact[]) => void): () => void;
}

export const createFactFeed = (startSeq: number): FactFeed => {
  const listeners = new Set<(facts: readonly Fact[]) => void>();
  let waiting: readonly Fact[] = [];
  let lastSeq = startSeq;
  return {
    publish: (facts) => {
      const fresh = facts.filter((fact) => fact.seq > lastSeq);
      const newest = fresh.at(-1);
      if (newest === undefined) return [];
      lastSeq = newest.seq;
      waiting = [...waiting, ...fresh];
      for (const listener of [...listeners]) listener(fresh);
      return fresh;
    },
    confirm: (seq) => {
      waiting = waiting.filter((fact) => fact.seq > seq);
    },
    unconfirmed: () => waiting,
    lastSeq: () => lastSeq,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
};
