import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { givenBackFileName } from '#protocol/given-back';
import { isUlid, parseRunId, type RunId } from '#protocol/ids';
import { archiveFileName, archiveIndexFileName } from '#protocol/log-archive';
import { indexFileName, outputFileName, outputStreams } from '#protocol/output-index';

/** What the output of one run takes of the disk. */
export interface StoredLog {
  readonly runId: RunId;
  readonly directory: string;
  /** When the run was settled; null while it is not. */
  readonly endedAtMs: number | null;
  /** Newest change of its log files; null where there are none any more. */
  readonly writtenAtMs: number | null;
  readonly bytes: number;
}

const blockBytes = 512;
/** Lies in the directory of a run once it is settled. */
const settledMark = 'settled';
const logFiles = outputStreams.map(outputFileName);
/** The archive first: what is half removed has no index that promises more. */
const allFiles = [archiveIndexFileName, archiveFileName, ...logFiles, indexFileName, givenBackFileName];

/**
 * The logs of all runs of a home, those that ended first in front, live ones at the end.
 * @param known of the last time: what is archived does not change any more.
 */
export const listStoredLogs = async (home: string, known: ReadonlyMap<RunId, StoredLog>): Promise<StoredLog[]> => {
  const runsDir = join(home, 'runs');
  const logs: StoredLog[] = [];
  for (const name of (await readdir(runsDir)).filter(isUlid)) {
    const before = known.get(parseRunId(name));
    const isFinal = before !== undefined && before.endedAtMs !== null && before.writtenAtMs === null;
    logs.push(isFinal ? before : await lookAt(parseRunId(name), join(runsDir, name)));
  }
  return logs.sort((a, b) => (a.endedAtMs ?? Number.POSITIVE_INFINITY) - (b.endedAtMs ?? Number.POSITIVE_INFINITY));
};

const lookAt = async (runId: RunId, directory: string): Promise<StoredLog> => {
  const found = async (name: string) => stat(join(directory, name)).catch(() => null); // not made, archived, or gone
  const settled = await found(settledMark);
  const files = await Promise.all(allFiles.map(found));
  const written = (await Promise.all(logFiles.map(found))).flatMap((file) => (file === null ? [] : [file.mtimeMs]));
  return {
    runId,
    directory,
    endedAtMs: settled?.mtimeMs ?? null,
    writtenAtMs: written.length === 0 ? null : Math.max(...written),
    bytes: files.reduce((sum, file) => sum + (file?.blocks ?? 0) * blockBytes, 0),
  };
};

/** Removes all output of a run; its directory and what else is in it stay. */
export const dropLog = async (directory: string): Promise<void> => {
  for (const name of allFiles) await rm(join(directory, name), { force: true });
};
