import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { print, printJson } from '#cli/output';
import { CliProblem, usageExitCode } from '#cli/problem';
import { escapeControls } from '#cli/render/escape';
import { corpusTable } from '#offline/corpus-table';
import { defaultLinesPerSecond, type ScanFormat, type ScanResult, scanFormats } from '#offline/scan';
import { scanCorpus } from '#offline/scan-corpus';
import { scanFile, scanStream } from '#offline/scan-file';
import type { PlainScanOptions } from '#offline/scan-task';
import { createRedactor } from '#redaction/redact';

export interface ScanOptions {
  readonly format: string;
  readonly rate?: number;
  readonly corpus?: string;
  readonly json: boolean;
}

const exitCodes = { none: 0, observe: 0, warn: 3, act: 4 } as const;
const logWindowLines = 10;
const manifest = 'manifest.jsonl';

/** `flowforge scan FILE|-`: the same detectors over what was written before; of a labelled directory, how often they are right. */
export const scanCommand = async (file: string | undefined, given: ScanOptions): Promise<number> => {
  const { rate = defaultLinesPerSecond, json } = given;
  if (!(Number.isFinite(rate) && rate > 0))
    throw usage('--rate: expected lines per second, a number above 0', 'flowforge scan --rate 20 job.log');
  const options = { format: formatOf(given.format), linesPerSecond: rate, logWindowLines };
  const target = given.corpus ?? file;
  if (target === undefined) throw usage('nothing to scan', 'flowforge scan job.log, or … | flowforge scan -');
  if (given.corpus !== undefined || isCorpus(target)) return scanLabelled(target, options, { json });
  const report = await scanOne(target, options);
  if (json) printJson(report);
  else printReport(target, report);
  return exitCodes[report.level];
};

const usage = (message: string, hint: string): CliProblem => new CliProblem(message, { hint, exitCode: usageExitCode });

const formatOf = (name: string): ScanFormat => {
  const known = scanFormats.find((format) => format === name);
  if (known === undefined) throw usage(`--format: expected ${scanFormats.join(', ')}, got ${name}`, '--format auto');
  return known;
};

const isCorpus = (target: string): boolean => target !== '-' && existsSync(path.join(target, manifest));

const scanLabelled = async (dir: string, options: PlainScanOptions, { json }: { json: boolean }): Promise<number> => {
  if (!isCorpus(dir))
    throw new CliProblem(`no ${manifest} in ${dir}`, {
      hint: `it lists one record a line: {"file": "a.log", "label": "healthy", "kind": "build"}`,
    });
  const report = await scanCorpus(dir, options);
  if (json) printJson(report);
  else print(`${corpusTable(report)}\n`);
  return 0;
};

const scanOne = async (target: string, plain: PlainScanOptions): Promise<ScanResult> => {
  const options = { ...plain, redact: createRedactor() };
  if (target === '-') return scanStream(process.stdin, options);
  const found = statSync(target, { throwIfNoEntry: false });
  if (found === undefined)
    throw new CliProblem(`no such file: ${target}`, { hint: 'flowforge logs RUN prints what a run wrote' });
  if (found.isDirectory())
    throw new CliProblem(`${target} is a directory`, {
      hint: `scan one of its files; a directory with a ${manifest} is scanned whole`,
    });
  try {
    return await scanFile(target, options);
  } catch (cause) {
    throw new CliProblem(`cannot read ${target}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
};

const printReport = (file: string, report: ScanResult): void => {
  print(`${file}: ${report.level} (${report.lines} lines, ${report.bytes} bytes, ${report.tookMs} ms)\n`);
  for (const { detector, level, atLine, evidence } of report.findings) {
    print(
      `${escapeControls(`  ${level.padEnd(7)} ${detector}${atLine === null ? '' : ` at line ${atLine}`}: ${evidence.summary}`)}\n`,
    );
    for (const sample of evidence.samples) print(`          ${escapeControls(sample)}\n`);
  }
};
