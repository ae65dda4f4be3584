import { type StopOutcome, type StopStep, stopTree } from '#action/kill-protocol';
import { systemClock } from '#runtime/clock';
import type { ShimmedRun } from '../coordinator/shimmed-run.ts';

export interface Stopped {
  readonly outcome: StopOutcome;
  readonly steps: readonly StopStep[];
  /** From the boundary kill to the verdict. */
  readonly killMs: number;
}

/** Stops a run as action does. FLOWFORGE_PRINT=1 prints how long the boundary kill took. */
export const stop = async (
  run: Pick<ShimmedRun, 'boundary' | 'pidFile'>,
  options: { readonly graceMs: number; readonly storm?: boolean },
): Promise<Stopped> => {
  const steps: StopStep[] = [];
  let killedAtMs = performance.now();
  const outcome = await stopTree({
    boundary: run.boundary,
    identity: run.pidFile.identity,
    graceMs: options.graceMs,
    clock: systemClock,
    storm: options.storm ?? false,
    onStep: async (step) => {
      steps.push(step);
      if (step.kind === 'signalled' && step.signal === 'SIGKILL') killedAtMs = performance.now();
    },
  });
  const killMs = performance.now() - killedAtMs;
  if (process.env.FLOWFORGE_PRINT === '1') {
    console.log(`      ${run.boundary.level()} ${outcome.kind}: ${killMs.toFixed(1)} ms after the boundary kill`);
  }
  return { outcome, steps, killMs };
};

/** The signals of a stop, in order. */
export const signalsOf = (stopped: Stopped): readonly string[] =>
  stopped.steps.flatMap((step) => (step.kind === 'signalled' ? [step.signal] : []));

/** How often the specs on scattered trees and bombs are repeated. */
export const rounds = Number(process.env.FLOWFORGE_ROUNDS ?? 3);
