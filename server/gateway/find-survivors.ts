import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunSurvivors } from '#protocol/gateway-api';
import { isUlid, parseRunId, type RunId } from '#protocol/ids';
import { isOver } from '#protocol/run-state';
import type { RunView } from '#protocol/views';
import { readRunEnd } from '#record/parse-run-end';
import { readRunMark } from '#record/parse-run-spec';
import { type MarkedProcess, readMarkedProcesses } from './marked-processes.ts';

/**
 * Processes of runs that are over, looked for in the system itself: whatever the record says, and however long ago that
 * was. A run that was asked to leave its orphans alone leaves no survivors.
 * @param viewOf asked after the look, so that a run that ended meanwhile is not accused.
 */
export const findSurvivors = async (
  home: string,
  viewOf: (runId: string) => RunView | null,
): Promise<readonly RunSurvivors[]> => {
  const marked = await readMarkedProcesses();
  if (marked.length === 0) return [];
  const names = (await readdir(join(home, 'runs')).catch(() => [])).filter(isUlid);
  const found: RunSurvivors[] = [];
  for (const runId of names.map(parseRunId)) {
    const directory = join(home, 'runs', runId);
    const mark = await readRunMark(directory);
    if (mark === null || mark.keepOrphans) continue;
    const left = marked.filter((process) => process.tag === mark.tag || process.runId === runId);
    if (left.length > 0 && (await isDone(directory, viewOf(runId)))) found.push(toSurvivors(runId, left));
  }
  return found;
};

/** What was settled is over for good; a run that is just being ended is told as not settled. */
const isDone = async (directory: string, view: RunView | null): Promise<boolean> =>
  view === null ? (await readRunEnd(directory)).kind === 'settled' : isOver(view.state) && view.settled;

const toSurvivors = (runId: RunId, left: readonly MarkedProcess[]): RunSurvivors => ({
  runId,
  survivors: left.length,
  processes: left.map(({ pid, command }) => ({ pid, command })),
});
