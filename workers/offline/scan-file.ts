import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createScan, type ScanOptions, type ScanResult } from './scan.ts';

/** Scans a stream to its end. */
export const scanStream = async (input: Readable, options: ScanOptions): Promise<ScanResult> => {
  const scan = createScan(options);
  for await (const chunk of input) scan.feed(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
  return scan.finish();
};

/** Scans a file. @throws with the code of the system (ENOENT, EISDIR, …) where it cannot be read. */
export const scanFile = (path: string, options: ScanOptions): Promise<ScanResult> =>
  scanStream(createReadStream(path, { highWaterMark: 1024 * 1024 }), options);
