import type { FactBody } from '#protocol/facts';

/** Ends the whole process, as `kill -9` does, before or after the fact it waits for is written. For tests. */
export interface Failpoint {
  before(fact: FactBody): void;
  after(fact: FactBody): void;
}

/**
 * `FLOWFORGE_FAILPOINT=before:stop-verified`, or `after:stop-signalled:SIGTERM`. Only with FLOWFORGE_FAULTS=1, and only in
 * the first daemon under a keeper: the one that takes its place has to live.
 */
export const armFailpoint = (env: NodeJS.ProcessEnv, die: () => void = dieAtOnce): Failpoint | null => {
  const wanted = env.FLOWFORGE_FAILPOINT;
  if (wanted === undefined || env.FLOWFORGE_FAULTS !== '1' || env.FLOWFORGE_AFTER === 'crash') return null;
  const [when, kind, signal] = wanted.split(':');
  const meets = (fact: FactBody): boolean =>
    fact.kind === kind && (signal === undefined || (fact.kind === 'stop-signalled' && fact.signal === signal));
  return {
    before: (fact) => {
      if (when === 'before' && meets(fact)) die();
    },
    after: (fact) => {
      if (when === 'after' && meets(fact)) die();
    },
  };
};

const dieAtOnce = (): void => {
  process.kill(process.pid, 'SIGKILL');
};
