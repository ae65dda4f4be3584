import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonLink } from '#cli/daemon-link';
import { createDaemonLink } from '#cli/daemon-link';
import { ensureDaemon } from '#cli/ensure-daemon';
import { parseGrep, parseSince } from '#cli/log-options';
import { print, printError, untilTaken } from '#cli/output';
import { escapeControls } from '#cli/render/escape';
import { formatTime } from '#cli/render/quantity';
import { resolvePaths } from '#config/paths';
import type { LogLine, LogPage } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import { isOver } from '#protocol/run-state';

export interface LogsOptions {
  readonly follow: boolean;
  readonly json: boolean;
  readonly jsonl: boolean;
  readonly timestamps: boolean;
  readonly stream?: 'stdout' | 'stderr';
  readonly tail?: number;
  readonly since?: string;
  readonly grep?: string;
}

const lookEveryMs = 200;
const linesPerPage = 5_000;

/**
 * `flowforge logs RUN`: what the run wrote, both streams in order of arrival, redacted, with control characters made
 * visible; from its files and its archive alike.
 */
export const logsCommand = async (ref: string, options: LogsOptions): Promise<number> => {
  const pattern = options.grep === undefined ? null : parseGrep(options.grep);
  const beganAtMs = Date.now();
  const sinceMs = options.since === undefined ? undefined : parseSince(options.since, beganAtMs);
  const paths = resolvePaths(process.env);
  const link = createDaemonLink({ client: await ensureDaemon(paths), revive: () => ensureDaemon(paths) });
  const { run } = await link.ask((daemon) => daemon.run(ref));
  const shown = createLastLines(options.tail ?? null, (line) => printLine(line, options));
  // The daemon finds the last lines by itself, unless it is a pattern that chooses them.
  const most = options.tail ?? 0;
  const isFoundThere = most > 0 && most <= linesPerPage && pattern === null;
  const constant = { limit: linesPerPage, stream: options.stream, since: sinceMs };
  let from: Partial<LogPage['next']> & { tail?: number | undefined } = isFoundThere ? { tail: most } : {};
  for (;;) {
    // Asked before the page: what a run wrote up to its end is in the page that follows.
    const wasOver = isOver((await link.ask((daemon) => daemon.run(run.runId))).run.state);
    const page = await link.ask((daemon) => daemon.log(run.runId, { ...constant, ...from }));
    for (const line of page.lines) if (pattern === null || pattern.test(line.text)) shown.take(line);
    from = page.next;
    await untilTaken();
    // Without -f it ends with what was there when it was asked for, however fast more comes.
    const isLater = page.lines.some(({ atMs }) => atMs !== null && atMs > beganAtMs);
    if (page.lines.length > 0 && !page.ended && (options.follow || !isLater)) continue;
    shown.flush();
    if (!options.follow || wasOver || page.ended) break;
    await sleep(lookEveryMs);
  }
  if (shown.count() === 0) await sayWhyNothing(link, run.runId);
  return 0;
};

/** Holds lines back until the end is known, where only the last of them are wanted; from then on each is shown at once. */
const createLastLines = (
  most: number | null,
  show: (line: LogLine) => void,
): { take(line: LogLine): void; flush(): void; count(): number } => {
  let held: LogLine[] | null = most === null ? null : [];
  let shown = 0;
  const give = (line: LogLine): void => {
    shown += 1;
    show(line);
  };
  return {
    take: (line) => {
      if (held === null) {
        give(line);
        return;
      }
      if (most !== 0) held.push(line);
      if (held.length > 2 * (most ?? 0) + linesPerPage) held = held.slice(-(most ?? 0));
    },
    flush: () => {
      const last = (held ?? []).slice(-(most ?? 0));
      held = null;
      for (const line of last) give(line);
    },
    count: () => shown,
  };
};

const printLine = (line: LogLine, { json, jsonl, timestamps }: LogsOptions): void => {
  if (json || jsonl) print(`${JSON.stringify(line)}\n`);
  else
    print(
      `${timestamps ? `${line.atMs === null ? '        ' : formatTime(line.atMs)} ` : ''}${escapeControls(line.text)}\n`,
    );
};

const sayWhyNothing = async (link: DaemonLink, runId: RunId): Promise<void> => {
  const { items } = await link.ask((daemon) => daemon.timeline({ runId }));
  const dropped = items.findLast(({ kind }) => kind === 'log-dropped');
  if (dropped !== undefined) printError(`flowforge: nothing of run ${runId} is left: ${dropped.text}\n`);
};
