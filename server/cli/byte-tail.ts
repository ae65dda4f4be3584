import { type FileHandle, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { givenBackFileName, parseGivenBack } from '#protocol/given-back';
import { outputFileName } from '#protocol/output-index';

/** Copies a file that grows, byte for byte, as far as it goes now. What was given back to the disk before we came to it is passed over. */
export interface ByteTail {
  /** How many bytes came; 0 means that the end was reached. */
  pump(): Promise<number>;
  close(): Promise<void>;
}

const chunkBytes = 64 * 1024;

/** The file need not be there yet. A slow reader slows us, not the job. */
export const createByteTail = (file: string, sink: Writable): ByteTail => {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  let handle: FileHandle | null = null;
  let offset = 0;
  return {
    pump: async () => {
      handle ??= await openOrNull(file);
      if (handle === null) return 0;
      let copied = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, chunkBytes, offset);
        if (bytesRead === 0) return copied;
        const kept = buffer.subarray(0, bytesRead).includes(0) ? await keptFrom(file) : 0;
        if (kept > offset) {
          offset = kept;
          continue;
        }
        offset += bytesRead;
        copied += bytesRead;
        await write(sink, buffer.subarray(0, bytesRead));
      }
    },
    close: async () => {
      await handle?.close();
    },
  };
};

/** Before this byte the log reads as zeros. */
const keptFrom = async (file: string): Promise<number> => {
  try {
    const given = parseGivenBack(await readFile(join(dirname(file), givenBackFileName), 'utf8'));
    return given[file.endsWith(outputFileName('stderr')) ? 'stderr' : 'stdout'];
  } catch {
    return 0; // nothing was given back: zeros are what the job wrote
  }
};

const openOrNull = async (file: string): Promise<FileHandle | null> => {
  try {
    return await open(file, 'r');
  } catch {
    return null; // queued, or about to start: the next pump looks again
  }
};

/** Resolves when the sink has taken it, so that the buffer may be used again. A reader that went away is told to whoever listens on the sink. */
const write = (sink: Writable, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    sink.write(bytes, (error) => (error && !isGone(error) ? reject(error) : resolve()));
  });

const isGone = (error: Error): boolean =>
  'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
