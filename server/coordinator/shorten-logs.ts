import type { Fact, FactBody } from '#protocol/facts';
import type { LogKeeping } from '#protocol/log-keeping';
import type { ActionMessage } from '#protocol/messages';
import type { Clock } from '#runtime/clock';
import { createFrozenCut } from './frozen-cut.ts';
import { fallocate } from './hole-punch.ts';
import { createLogCap } from './log-cap.ts';
import type { RunTable } from './run-table.ts';

export interface ShortenLogsOptions {
  readonly clock: Clock;
  readonly keeping: LogKeeping;
  readonly table: RunTable;
  readonly say: (fact: FactBody) => void;
  readonly orderAction: (message: ActionMessage) => void;
  readonly log: (level: 'warn', message: string) => void;
}

/** Keeps logs below their cap: by holes, and where there are none, by cutting heads off while the job stands still. */
export const createLogShortener = (
  options: ShortenLogsOptions,
): { start(): void; stop(): void; heard(fact: Fact): void } => {
  const runs = () =>
    options.table
      .live()
      .map(({ spec, runDir, view }) => ({ runId: spec.runId, runDir, isRunning: view.state === 'running' }));
  const frozen = createFrozenCut({ ...options, runs });
  const cap = createLogCap({ ...options, runs, punch: frozen.over(fallocate) });
  return {
    heard: frozen.heard,
    start: () => {
      frozen.recover();
      cap.start();
    },
    stop: cap.stop,
  };
};
