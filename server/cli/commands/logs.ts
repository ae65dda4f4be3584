import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonClient } from '#cli/daemon-client';
import { createDaemonLink } from '#cli/daemon-link';
import { ensureDaemon } from '#cli/ensure-daemon';
import { print } from '#cli/output';
import { escapeControls } from '#cli/render/escape';
import { formatTime } from '#cli/render/quantity';
import { resolvePaths } from '#config/paths';
import type { LogLine } from '#protocol/gateway-api';
import { isOver } from '#protocol/run-state';

export interface LogsOptions {
  readonly follow: boolean;
  readonly json: boolean;
  readonly timestamps: boolean;
  readonly stream?: 'stdout' | 'stderr';
  readonly tail?: number;
}

const lookEveryMs = 200;

/** `flowforge logs RUN`: what the run wrote, both streams in order of arrival, redacted, with control characters made visible. */
export const logsCommand = async (ref: string, options: LogsOptions): Promise<number> => {
  const paths = resolvePaths(process.env);
  const client = await ensureDaemon(paths);
  const link = createDaemonLink({ client, revive: () => ensureDaemon(paths) });
  const { run } = await client.run(ref);
  let from: Parameters<DaemonClient['log']>[1] = options.tail === undefined ? {} : { tail: options.tail };
  for (;;) {
    // Asked before the page: what a run wrote up to its end is in the page that follows.
    const wasOver = isOver((await link.ask((daemon) => daemon.run(run.runId))).run.state);
    const page = await link.ask((daemon) => daemon.log(run.runId, from));
    for (const line of page.lines)
      if (options.stream === undefined || line.stream === options.stream) printLine(line, options);
    from = page.next;
    if (page.lines.length > 0) continue;
    if (!options.follow || wasOver || page.ended) return 0;
    await sleep(lookEveryMs);
  }
};

const printLine = (line: LogLine, { json, timestamps }: LogsOptions): void => {
  if (json) print(`${JSON.stringify(line)}\n`);
  else
    print(
      `${timestamps ? `${line.atMs === null ? '        ' : formatTime(line.atMs)} ` : ''}${escapeControls(line.text)}\n`,
    );
};
