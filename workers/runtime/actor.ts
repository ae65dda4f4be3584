/** A brain that can be rebuilt from what it has said. Only `perform` touches the world. */
export interface Actor<State, Message, Report> {
  readonly name: string;
  initial(): State;
  /** The thing that a message or a fact is about; nothing that is decided about it hangs on another. */
  concerns(said: Message | Report): string;
  /** Believe it. */
  evolve(state: State, fact: Report): State;
  /** Say it: what follows from a message, in the light of what is believed. No clock, no chance, no world. */
  decide(state: State, message: Message): readonly Report[];
  /** Do it. Runs beside the loop; what comes of it is a message to itself. A repeat after a crash must be harmless. */
  perform(fact: Report, tellSelf: (message: Message) => void): void;
  /** What a rebuilt actor still owes: asked once, after replay, before the first message. */
  resume(state: State): readonly Message[];
}

export const rebuild = <State, Message, Report>(
  actor: Actor<State, Message, Report>,
  history: Iterable<Report>,
): State => {
  let state = actor.initial();
  for (const fact of history) state = actor.evolve(state, fact);
  return state;
};
