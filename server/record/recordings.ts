import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SignalSeries } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import type { RecordingBatch, RecordingRow } from '#protocol/messages';
import { parseRow } from './parse-recording.ts';
import { appendChunk, dropTornChunk, newestIn, readChunks } from './recording-chunks.ts';
import { pruneRecordings } from './recording-retention.ts';
import { openRecordingTail } from './recording-tail.ts';
import { thin } from './thin-series.ts';

/** The signals of one run at one moment, exactly as they were judged. */
export interface RecordedRow extends Omit<RecordingRow, 'runId'> {
  readonly atMs: number;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Recordings {
  /** Resolves when the batch survives the death of this thread. */
  append(batch: RecordingBatch): Promise<void>;
  read(runId: RunId, ask: Span & { readonly maxPoints: number }): Promise<SignalSeries>;
  /** Every row in order, for replay. */
  rows(runId: RunId, span: Span): AsyncGenerator<RecordedRow>;
  /** Puts what waits of these runs into their files, for whoever reads those. */
  settle(runIds: readonly RunId[]): Promise<void>;
  close(): Promise<void>;
}

/** Some hundred runs wait with two minutes each: as the text that the tail holds, not as objects. */
interface WaitingRow {
  readonly atMs: number;
  readonly policyHash: string;
  readonly text: string;
}

const toRecordedRow = ({ atMs, policyHash, text }: WaitingRow): RecordedRow => {
  const { runId: _, ...row } = parseRow(text, policyHash);
  return { atMs, ...row };
};

const rowsPerChunk = 120;
const pruneEveryMs = 3_600_000;

/**
 * New rows wait in memory and, for safety, in one tail file for all runs; 120 rows of a run become a compressed chunk
 * in its own file. Once every row of the tail is in a chunk, the tail is emptied.
 */
export const openRecordings = async (home: string): Promise<Recordings> => {
  const directory = join(home, 'recordings');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const fileOf = (runId: string): string => join(directory, `${runId}.rec`);
  const tail = openRecordingTail(join(directory, 'tail.jsonl'));
  const waiting = new Map<string, WaitingRow[]>();
  let queue: Promise<unknown> = Promise.resolve();

  const flush = async (runId: string): Promise<void> => {
    const rows = waiting.get(runId);
    if (rows === undefined || rows.length === 0) return;
    await appendChunk(fileOf(runId), rows.map(toRecordedRow));
    waiting.delete(runId);
  };
  const flushAll = async (): Promise<void> => {
    for (const runId of [...waiting.keys()]) await flush(runId);
    tail.empty();
  };
  const take = async (batch: RecordingBatch): Promise<void> => {
    const texts = await tail.write(batch);
    for (const [at, { runId, policyHash }] of batch.rows.entries()) {
      const rows = waiting.get(runId) ?? [];
      // The hash of the row before is the same text: one for all of them stays in memory.
      const known = rows.at(-1)?.policyHash;
      rows.push({
        atMs: batch.atMs,
        policyHash: known === policyHash ? known : policyHash,
        text: texts[at] ?? '',
      });
      waiting.set(runId, rows);
      if (rows.length >= rowsPerChunk) await flush(runId);
    }
    if (tail.isFull()) await flushAll();
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined); // the caller gets the error; the next in turn must not inherit it
    return result;
  };

  const left = new Map<string, RecordedRow[]>();
  for (const batch of tail.recover())
    await takeBack(batch, { waiting: left, newestIn: (runId) => newestIn(fileOf(runId)) });
  for (const [runId, rows] of left) {
    await dropTornChunk(fileOf(runId));
    await appendChunk(fileOf(runId), rows);
  }
  tail.empty();
  pruneRecordings(directory, Date.now());
  const pruning = setInterval(() => pruneRecordings(directory, Date.now()), pruneEveryMs);
  pruning.unref();

  const rows = (runId: RunId, span: Span): AsyncGenerator<RecordedRow> =>
    rowsOf(fileOf(runId), { span, waiting: (waiting.get(runId) ?? []).slice() });

  return {
    append: (batch) => inTurn(() => take(batch)),
    rows,
    read: async (runId, { maxPoints, ...span }) => {
      const all: RecordedRow[] = [];
      for await (const row of rows(runId, span)) all.push(row);
      return { runId, ...thin(all, maxPoints) };
    },
    settle: (runIds) =>
      inTurn(async () => {
        for (const runId of runIds) await flush(runId);
      }),
    close: () =>
      inTurn(async () => {
        clearInterval(pruning);
        await flushAll();
        tail.close();
      }),
  };
};

interface Source {
  readonly span: Span;
  /** As it was when reading began: a row that goes into the file meanwhile is in both, and told once. */
  readonly waiting: readonly WaitingRow[];
}

const rowsOf = async function* (file: string, { span, waiting }: Source): AsyncGenerator<RecordedRow> {
  let newestMs = Number.NEGATIVE_INFINITY;
  const isAsked = ({ atMs }: { readonly atMs: number }): boolean => atMs >= span.fromMs && atMs <= span.toMs;
  for await (const row of readChunks(file, span)) {
    newestMs = row.atMs;
    if (isAsked(row)) yield row;
  }
  for (const row of waiting) if (row.atMs > newestMs && isAsked(row)) yield toRecordedRow(row);
};

const takeBack = async (
  batch: RecordingBatch,
  into: { readonly waiting: Map<string, RecordedRow[]>; readonly newestIn: (runId: string) => Promise<number> },
): Promise<void> => {
  for (const { runId, ...row } of batch.rows) {
    const rows = into.waiting.get(runId) ?? [];
    const newestMs = rows.at(-1)?.atMs ?? (await into.newestIn(runId));
    if (batch.atMs > newestMs) into.waiting.set(runId, [...rows, { atMs: batch.atMs, ...row }]);
  }
};
