import { createRedactor } from '#redaction/redact';
import { createScan, type ScanOptions, type ScanResult } from './scan.ts';
import { scanFile } from './scan-file.ts';

export type PlainScanOptions = Omit<ScanOptions, 'redact'>;

/** A file, or an input that is held in memory. */
export type ScanTask =
  | { readonly kind: 'file'; readonly path: string; readonly options: PlainScanOptions }
  | { readonly kind: 'text'; readonly text: string; readonly options: PlainScanOptions };

/** One scan in a pool of threads. */
export default async (task: ScanTask): Promise<ScanResult> => {
  const options = { ...task.options, redact: createRedactor() };
  if (task.kind === 'file') return scanFile(task.path, options);
  const scan = createScan(options);
  scan.feed(Buffer.from(task.text));
  return scan.finish();
};
