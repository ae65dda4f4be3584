import { createReadStream } from 'node:fs';
import { print, printJson } from '#cli/output';
import { escapeControls } from '#cli/render/escape';
import { type ScanFormat, scan } from '#offline/scan';

export interface ScanOptions {
  readonly format: string;
  readonly rate?: number;
  readonly json: boolean;
}

const exitCodes = { none: 0, observe: 0, warn: 3, act: 4 } as const;

/** `flowforge scan FILE|-`: the same detectors over what was written before. */
export const scanCommand = async (file: string, { format, rate, json }: ScanOptions): Promise<number> => {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const report = await scan(input, { format: format as ScanFormat, linesPerSecond: rate ?? null });
  if (json) {
    printJson(report);
    return exitCodes[report.level];
  }
  print(`${file}: ${report.level} (${report.lines} lines, ${report.bytes} bytes, ${report.tookMs} ms)\n`);
  for (const { detector, level, atLine, evidence } of report.findings) {
    print(
      `${escapeControls(`  ${level.padEnd(7)} ${detector}${atLine === null ? '' : ` at line ${atLine}`}: ${evidence.summary}`)}\n`,
    );
    for (const sample of evidence.samples) print(`          ${escapeControls(sample)}\n`);
  }
  return exitCodes[report.level];
};
