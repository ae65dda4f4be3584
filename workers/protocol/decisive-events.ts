import { isSignalName, type SignalName, signals } from './signals.ts';

/**
 * Something that a finding rests on, as a hash and never as text. `call`, `error` and `text` are of an agent's stream;
 * `line` is an L1 shape (what is volatile masked), `template` an L2 shape (every number masked).
 */
export interface DecisiveEvent {
  readonly detector: string;
  readonly kind: 'call' | 'error' | 'text' | 'line' | 'template';
  readonly hash: number;
  /** Of what the call came back with; null where it was not seen, and for all that is no call. */
  readonly resultHash: number | null;
  /** How often the pattern had come by then, as its detector counts. */
  readonly count: number;
}

/** Whether a rule that reads these signals may have gone by it. */
export const bearsOn = ({ kind }: Pick<DecisiveEvent, 'kind'>, reads: readonly SignalName[]): boolean => {
  const source = kind === 'line' || kind === 'template' ? 'output' : 'agent';
  return reads.some((name) => isSignalName(name) && signals[name].source === source);
};
