import { type Actor, rebuild } from './actor.ts';
import { createLanes } from './lanes.ts';
import type { Outlet } from './link.ts';

export interface RunningActor<State, Message, Report> {
  /** Resolves when all that the message leads to is written, believed and begun. */
  deliver(message: Message): Promise<void>;
  /** Believes a fact that somebody else said and wrote, in turn with the messages. */
  believe(fact: Report): Promise<void>;
  snapshot(): State;
}

/**
 * Say it, wait until it is written, believe it, then do it. A crash between any two steps is safe. What concerns the same
 * thing is done in turn; what concerns another need not wait for it to be written.
 */
export const runActor = <State, Message, Report>(
  actor: Actor<State, Message, Report>,
  history: Iterable<Report>,
  journal: Outlet<Report>,
): RunningActor<State, Message, Report> => {
  let state = rebuild(actor, history);
  const lanes = createLanes();

  const step = async (message: Message): Promise<void> => {
    for (const fact of actor.decide(state, message)) {
      await journal.send(fact);
      state = actor.evolve(state, fact);
      actor.perform(fact, tellSelf);
    }
  };
  const deliver = (message: Message): Promise<void> => lanes.inTurn(actor.concerns(message), () => step(message));
  // A brain that throws takes its thread down, on purpose: the rejection is left unhandled so that the host sees it.
  const tellSelf = (message: Message): void => void deliver(message);

  const believe = (fact: Report): Promise<void> =>
    lanes.inTurn(actor.concerns(fact), async () => {
      state = actor.evolve(state, fact);
    });

  for (const owed of actor.resume(state)) tellSelf(owed);
  return { deliver, believe, snapshot: () => state };
};
