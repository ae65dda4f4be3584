/** Names for the calls that a stream leaves without one; a result without one answers the oldest of them. */
export interface CallNames {
  called(agent: string, id: string): string;
  returned(agent: string, id: string): string;
}

interface Unnamed {
  readonly waiting: readonly string[];
  readonly isAnswering: boolean;
}

// More calls are not made at one time, nor by more agents.
const keptWaiting = 64;
const keptAgents = 64;

export const createCallNames = (): CallNames => {
  const agents = new Map<string, Unnamed>();
  let count = 0;

  const keep = (agent: string, unnamed: Unnamed): void => {
    agents.delete(agent);
    agents.set(agent, unnamed);
    const [oldest] = agents.keys();
    if (agents.size > keptAgents && oldest !== undefined) agents.delete(oldest);
  };

  return {
    called: (agent, id) => {
      if (id !== '') return id;
      const name = `unnamed-${++count}`;
      const before = agents.get(agent);
      // Once results have come, a new call begins a new batch: what the one before left unanswered stays so.
      const waiting = before === undefined || before.isAnswering ? [] : before.waiting;
      keep(agent, { waiting: [...waiting, name].slice(-keptWaiting), isAnswering: false });
      return name;
    },
    returned: (agent, id) => {
      const [oldest, ...rest] = agents.get(agent)?.waiting ?? [];
      if (id !== '' || oldest === undefined) return id;
      keep(agent, { waiting: rest, isAnswering: true });
      return oldest;
    },
  };
};
