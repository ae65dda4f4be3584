import { closeSync, ftruncateSync, openSync, readFileSync, write } from 'node:fs';
import { promisify } from 'node:util';
import type { RecordingBatch } from '#protocol/messages';
import { parseTail, printTailLine, tailHeader } from './parse-recording.ts';

const fullAtBytes = 16_777_216;
const writeTo = promisify(write);

/** What is recorded but not in a chunk yet: one line a batch. */
export interface RecordingTail {
  /** Resolves with each row as it was written, in the order of the batch. */
  write(batch: RecordingBatch): Promise<readonly string[]>;
  /** Batches that an earlier life left behind, oldest first. */
  recover(): readonly RecordingBatch[];
  isFull(): boolean;
  empty(): void;
  close(): void;
}

export const openRecordingTail = (file: string): RecordingTail => {
  const handle = openSync(file, 'a', 0o600);
  let size = 0;
  return {
    write: async (batch) => {
      const { line, rows } = printTailLine(batch);
      const bytes = Buffer.from(`${size === 0 ? tailHeader() : ''}${line}`);
      const { bytesWritten } = await writeTo(handle, bytes);
      if (bytesWritten < bytes.length) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      size += bytesWritten;
      return rows;
    },
    recover: () => parseTail(readFileSync(file, 'utf8')),
    isFull: () => size > fullAtBytes,
    empty: () => {
      ftruncateSync(handle, 0);
      size = 0;
    },
    close: () => closeSync(handle),
  };
};
