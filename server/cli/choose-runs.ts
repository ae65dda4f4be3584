import { knownKeys, readFilter, unknownKey } from '#protocol/run-filter';
import { isOver } from '#protocol/run-state';
import type { RunRow } from '#protocol/views';
import type { DaemonClient } from './daemon-client.ts';
import { CliProblem } from './problem.ts';

const mostRuns = 100_000;

/** The live runs that a filter matches, newest first. @throws CliProblem when it says nothing, or names what there is not. */
export const liveRunsMatching = async (client: DaemonClient, filter: string): Promise<readonly RunRow[]> =>
  filterRuns(await liveRuns(client), filter);

/** @throws CliProblem when the filter is empty, or names what is neither a key nor a label of any of the rows. */
export const filterRuns = (rows: readonly RunRow[], filter: string): readonly RunRow[] => {
  if (filter.trim() === '')
    throw new CliProblem('the filter is empty', {
      hint: "write what to match, like 'label:nightly state:running'",
      exitCode: 2,
    });
  const unknown = unknownKey(filter, rows);
  // A misspelled exclusion would match everything.
  if (unknown !== null)
    throw new CliProblem(`the filter names ${unknown}, and no run has such a label`, {
      hint: `keys are ${knownKeys.join(', ')}, or the name of a label`,
      exitCode: 2,
    });
  return rows.filter(readFilter(filter));
};

/** Every run that is not over, newest first. */
export const liveRuns = async (client: DaemonClient): Promise<readonly RunRow[]> => {
  const rows: RunRow[] = [];
  let cursor: string | null = null;
  do {
    const asked: string | null = cursor;
    const page = await client.runs({ cursor: asked, state: 'live' });
    rows.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && rows.length < mostRuns);
  return rows.filter((row) => !isOver(row.state));
};
