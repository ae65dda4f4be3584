import { constants } from 'node:os';
import type { RunView } from '#protocol/views';
import { ownFailureExitCode, stoppedExitCode } from './problem.ts';

export type Ending = Pick<RunView, 'state' | 'exitCode' | 'signal' | 'stopCause'>;

/** What `flowforge run` ends with once the last run of its job is over. */
export const exitCodeOf = (ending: Ending): number => {
  if (isStoppedByRule(ending)) return stoppedExitCode;
  if (ending.exitCode !== null) return ending.exitCode;
  const signal = Object.entries(constants.signals).find(([name]) => name === ending.signal);
  return signal === undefined ? ownFailureExitCode : 128 + signal[1];
};

/** FlowForge decided it, not a person: that is what 124 tells a script. */
export const isStoppedByRule = ({ stopCause }: Pick<RunView, 'stopCause'>): boolean =>
  stopCause === 'policy' || stopCause === 'limit' || stopCause === 'budget';
