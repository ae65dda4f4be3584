import type { FactBody, SealedFact, Survivor } from '#protocol/facts';
import { parseInterventionId, type RunId } from '#protocol/ids';
import type { ActionMessage } from '#protocol/messages';
import type { ContainmentHandle, ProcessIdentity } from '#protocol/run-spec';
import { isOver } from '#protocol/run-state';
import type { Clock } from '#runtime/clock';
import { newUlid } from '#runtime/new-ulid';
import type { RunRecord, RunTable } from './run-table.ts';

type Wish = Extract<ActionMessage, { kind: 'stop-requested' }>;
type Begun = Extract<FactBody, { kind: 'stop-began' }>;

export interface EmergencyStopOptions {
  readonly clock: Clock;
  readonly table: RunTable;
  /** What was said and is not yet settled. */
  readonly history: () => readonly SealedFact[];
  readonly say: (body: FactBody) => void;
  readonly openTree: OpenTree;
}

/** The processes of one run: how many live, and an end for all of them at once, which tells who is left. */
export type OpenTree = (
  handle: ContainmentHandle,
  identity: ProcessIdentity,
) => { count(): Promise<number>; kill(): Promise<readonly Survivor[]> };

/** The stops that are owed when nobody is left to carry them out. */
export interface EmergencyStop {
  /** Before an order goes to action: a stop that was asked for is owed until it began. */
  ordered(message: ActionMessage): void;
  heard(fact: FactBody): void;
  /** Action was given up: every stop that was asked for or begun is done here, without grace, and told like any other. */
  stopOwed(): Promise<void>;
}

export const createEmergencyStop = (options: EmergencyStopOptions): EmergencyStop => {
  const { clock, table, say } = options;
  const wishes = new Map<RunId, Wish>();

  const begunOf = (record: RunRecord, processes: number): Begun | null => {
    const { runId } = record.spec;
    if (record.view.state === 'stopping') {
      const begun = options.history().findLast(({ fact }) => fact.kind === 'stop-began' && fact.runId === runId);
      if (begun?.fact.kind === 'stop-began') return begun.fact;
    }
    const wish = wishes.get(runId);
    if (wish === undefined) return null;
    const { kind: _, ...asked } = wish;
    const interventionId = parseInterventionId(newUlid());
    const body: Begun = { kind: 'stop-began', ...asked, interventionId, incidentId: null, graceMs: 0, processes };
    say(body);
    return body;
  };

  const stop = async (record: RunRecord): Promise<void> => {
    if (record.identity === null || isOver(record.view.state)) return;
    const tree = options.openTree(record.spec.handle, record.identity);
    const processes = await tree.count();
    const begun = begunOf(record, processes);
    if (begun === null) return;
    const { runId, interventionId, cause, restartAfter } = begun;
    say({ kind: 'stop-signalled', runId, interventionId, signal: 'SIGKILL', processes });
    const beganMs = clock.mono();
    const survivors = await tree.kill();
    const head = { runId, interventionId, cause, restartAfter, tookMs: Math.round(clock.mono() - beganMs) };
    say(
      survivors.length > 0
        ? { kind: 'kill-incomplete', ...head, survivors }
        : { kind: 'stop-verified', ...head, killed: processes },
    );
  };

  return {
    ordered: (message) => {
      if (message.kind === 'stop-requested') wishes.set(message.runId, message);
    },
    heard: (fact) => {
      if (fact.kind === 'stop-began' || fact.kind === 'run-settled') wishes.delete(fact.runId);
    },
    stopOwed: async () => {
      await Promise.all(table.live().map(stop));
    },
  };
};
