import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { escapeControls } from '#cli/render/escape';
import { type ScanResult, scanFormats } from '#offline/scan';
import { scanFile, scanStream } from '#offline/scan-file';
import { createRedactor } from '#redaction/redact';

export interface ScanOptions {
  readonly format: string;
  readonly rate?: number;
  readonly json: boolean;
}

const exitCodes = { none: 0, observe: 0, warn: 3, act: 4 } as const;

/** `flowforge scan FILE|-`: the same detectors over what was written before. */
export const scanCommand = async (file: string, { format, rate, json }: ScanOptions): Promise<number> => {
  const report = await scan(file, format, rate ?? defaultRate);
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

/** Where a log tells no times: a job that prints this many lines a second. */
const defaultRate = 10;
const logWindowLines = 10;

const scan = async (file: string, format: string, linesPerSecond: number): Promise<ScanResult> => {
  const known = scanFormats.find((name) => name === format);
  if (known === undefined) throw new CliProblem(`--format: expected ${scanFormats.join(', ')}, got ${format}`);
  const options = { format: known, linesPerSecond, redact: createRedactor(), logWindowLines };
  return file === '-' ? scanStream(process.stdin, options) : scanFile(file, options);
};
