import path from 'node:path';
import type { Actor } from '#protocol/actor';
import type { Answer } from '#protocol/control';
import type { JobId, RunId } from '#protocol/ids';
import type { JobStarter } from './job-starter.ts';
import { readSpecFile } from './run-spec-file.ts';
import type { RunTable } from './run-table.ts';
import type { Successors } from './successors.ts';

interface Surroundings {
  readonly runsDir: string;
  readonly table: RunTable;
  readonly successors: Successors;
  readonly starter: JobStarter;
}

/** Starts the job of a run that is over once more, unless another run of it is there already: never two side by side. */
export const startAgain = async (
  { runsDir, table, successors, starter }: Surroundings,
  runId: RunId,
  by: Actor,
): Promise<Answer<{ accepted: true }>> => {
  const record = table.get(runId);
  if (record !== undefined) {
    if (successors.hasten(record)) return { kind: 'done', value: { accepted: true } };
    return notNow(runId, record.view.nextRunId === null ? 'is just ending' : 'is being followed by another');
  }
  try {
    const jobId = jobOf(path.join(runsDir, runId));
    const other = table.all().find(({ spec }) => spec.jobId === jobId);
    if (other !== undefined) return notNow(runId, `is over, and its job goes on as run ${other.spec.runId}`);
    await starter.again(runId, by);
    return { kind: 'done', value: { accepted: true } };
  } catch (cause) {
    const detail = `run ${runId} cannot be started again: ${cause instanceof Error ? cause.message : String(cause)}`;
    return { kind: 'refused', code: 'not-found', detail, hint: 'start the command anew with `flowforge run`' };
  }
};

const notNow = (runId: RunId, why: string): Answer<never> => ({
  kind: 'refused',
  code: 'conflict',
  detail: `run ${runId} ${why}`,
  hint: '`flowforge ps` shows what runs; ask again when it is over',
});

const jobOf = (runDir: string): JobId | null => {
  const read = readSpecFile(runDir);
  return read.kind === 'read' ? read.value.jobId : null;
};
