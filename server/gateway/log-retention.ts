import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunId } from '#protocol/ids';
import type { LogKeeping } from '#protocol/log-keeping';
import type { FactReport } from '#protocol/messages';
import type { RunFact } from '#protocol/run-facts';
import type { ArchiveAsk, Archived } from '#record/archive-writer';
import { dropLog, listStoredLogs, type StoredLog } from '#record/stored-logs';
import type { Clock } from '#runtime/clock';
import { newUlid } from '#runtime/new-ulid';

/** The disk takes no more. */
export class DiskRefused extends Error {}

export interface LogRetention {
  readonly everyMs: number;
  /** Archives, and lets go of, the logs of runs that are over, where that is due. @param live never touched. */
  look(live: ReadonlySet<RunId>): Promise<void>;
  /** Tells once, until it heals, that the disk takes no more. */
  tellTrouble(work: () => Promise<void>): Promise<void>;
}

interface Parts {
  readonly home: string;
  readonly keeping: LogKeeping;
  readonly clock: Clock;
  readonly archive: (ask: ArchiveAsk) => Promise<Archived>;
  readonly report: (fact: FactReport) => Promise<void>;
}

const leastEveryMs = 500;
const mostEveryMs = 60_000;
const pieceBytes = 16 * 1024 * 1024;

export const createLogRetention = ({ home, keeping, clock, archive, report }: Parts): LogRetention => {
  const everyMs = Math.min(mostEveryMs, Math.max(leastEveryMs, keeping.archiveAfterMs / 10));
  let known = new Map<RunId, StoredLog>();
  let isFailing = false;
  let isFull = false;

  const trouble = (why: string): Promise<void> =>
    report({
      key: `logs:${newUlid(clock.now())}`,
      body: { kind: 'ledger-trouble', why, lostFrom: null },
      mustSync: false,
    });
  const tellTrouble: LogRetention['tellTrouble'] = async (work) => {
    try {
      await work();
      isFailing = false;
    } catch (error) {
      if (!(error instanceof DiskRefused)) throw error;
      if (!isFailing) await trouble(`output is not archived from here on: ${error.message}`);
      isFailing = true;
    }
  };
  const tell = (body: Extract<RunFact, { kind: 'log-archived' | 'log-dropped' }>): Promise<void> =>
    report({ key: `${body.kind}:${body.runId}`, body, mustSync: false });

  const archiveWhole = async ({ runId, directory }: StoredLog): Promise<void> => {
    for (;;) {
      const { isDone, ...size } = await archive({ directory, upTo: null, mostBytes: pieceBytes });
      if (isDone) return tell({ kind: 'log-archived', runId, ...size });
    }
  };
  const archiveDue = async (logs: readonly StoredLog[]): Promise<void> => {
    for (const log of logs) {
      const quietMs = clock.now() - Math.max(log.endedAtMs ?? 0, log.writtenAtMs ?? 0);
      if (log.endedAtMs === null || log.writtenAtMs === null || quietMs < keeping.archiveAfterMs) continue;
      if (!(await keepsOrphans(log.directory))) await tellTrouble(() => archiveWhole(log));
    }
  };

  const drop = async (log: StoredLog, why: string): Promise<void> => {
    await tell({ kind: 'log-dropped', runId: log.runId, bytes: log.bytes, why });
    await dropLog(log.directory);
    known.set(log.runId, { ...log, bytes: 0, writtenAtMs: null });
  };
  /** The oldest first; live runs stand at the end. */
  const dropDue = async (logs: readonly StoredLog[]): Promise<void> => {
    let bytes = logs.reduce((sum, log) => sum + log.bytes, 0);
    for (const log of logs) {
      if (log.endedAtMs === null || log.bytes === 0) continue;
      const isOld = clock.now() - log.endedAtMs > keeping.keepMs;
      if (!isOld && bytes <= keeping.homeBytes) continue;
      const why = isOld
        ? `it is older than ${keeping.keepMs / 86_400_000} days`
        : `logs take more than ${keeping.homeBytes} bytes together, and this is the oldest`;
      await drop(log, why);
      bytes -= log.bytes;
    }
    if (bytes > keeping.homeBytes && !isFull)
      await trouble(
        `the logs of live runs take ${bytes} bytes together, more than FLOWFORGE_LOGS_MAX (${keeping.homeBytes}); none of them is dropped`,
      );
    isFull = bytes > keeping.homeBytes;
  };

  const list = async (live: ReadonlySet<RunId>): Promise<readonly StoredLog[]> => {
    const logs = await listStoredLogs(home, known);
    known = new Map(logs.map((log) => [log.runId, log]));
    return logs.map((log) => (live.has(log.runId) ? { ...log, endedAtMs: null } : log));
  };

  return {
    everyMs,
    tellTrouble,
    look: async (live) => {
      if (keeping.archives) await archiveDue(await list(live));
      await dropDue(await list(live));
    },
  };
};

/** Then somebody may still write to the log after the run is over. */
const keepsOrphans = async (directory: string): Promise<boolean> => {
  try {
    return (
      (JSON.parse(await readFile(join(directory, 'spec.json'), 'utf8')) as { keepOrphans?: unknown }).keepOrphans ===
      true
    );
  } catch {
    return false; // gone: nothing of it runs
  }
};
