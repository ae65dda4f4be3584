import { writeFileSync } from 'node:fs';
import { attach, type Outcome } from '#cli/attach';
import { connectDaemon, DaemonAway, type DaemonClient } from '#cli/daemon-client';
import { createDaemonLink, type DaemonLink } from '#cli/daemon-link';
import { awaitUp, ensureDaemon } from '#cli/ensure-daemon';
import { createStdinFeed } from '#cli/feed-stdin';
import { dashboardOf, fetchStory } from '#cli/fetch-story';
import { forwardSignals } from '#cli/forward-signals';
import { CliProblem, ownFailureExitCode } from '#cli/problem';
import { escapeControls } from '#cli/render/escape';
import { renderStop } from '#cli/render/run-story';
import { type RunOptions, refuseBadPolicy, toRunRequest } from '#cli/run-request';
import { resolvePaths } from '#config/paths';
import type { StartedRun } from '#protocol/control';
import type { RunId } from '#protocol/ids';
import { toTimelineEntry } from '#protocol/timeline';
import type { RunView } from '#protocol/views';

export interface RunCommandOptions extends RunOptions {
  readonly daemon: boolean;
  readonly report: string | null;
  readonly verbose: boolean;
}

interface Guard {
  readonly client: DaemonClient;
  readonly revive: () => Promise<unknown>;
  readonly release: () => Promise<void>;
}

/** `flowforge run`: nothing of ours goes to stdout, except the run id where it is detached. */
export const runCommand = async (argv: readonly string[], options: RunCommandOptions): Promise<number> => {
  if (options.detach && !options.daemon)
    throw new CliProblem('--detach needs a daemon that outlives this command', {
      hint: 'leave out --no-daemon',
      exitCode: ownFailureExitCode,
    });
  const request = toRunRequest(argv, options);
  await refuseBadPolicy(request.policy);
  const guard = options.daemon ? await daemonGuard() : await ownGuard();
  try {
    const started = await guard.client.startRun(request);
    if (started.failed !== null) {
      say(`cannot start it: ${started.failed.reason}`);
      return started.failed.exitCode;
    }
    if (started.queued !== null) say(`run ${started.runId} waits for its turn: ${started.queued}`);
    if (options.detach) {
      process.stdout.write(`${started.runId}\n`);
      return 0;
    }
    return await attached(started, { guard, options, hasInput: request.stdin === 'fifo' });
  } finally {
    await guard.release();
  }
};

const daemonGuard = async (): Promise<Guard> => {
  const paths = resolvePaths(process.env);
  const client = await ensureDaemon(paths);
  return { client, revive: () => ensureDaemon(paths, { quiet: true }), release: async () => undefined };
};

/** The very same runtime inside this process, in a temporary home unless one is named. */
const ownGuard = async (): Promise<Guard> => {
  const { startDaemonInProcess } = await import('#coordinator/main');
  const daemon = await startDaemonInProcess(process.env.FLOWFORGE_HOME ?? null);
  const client = connectDaemon(daemon.socketPath);
  await awaitUp(client, daemon.trouble);
  return { client, revive: async () => undefined, release: () => daemon.stop() };
};

interface AttachedRun {
  readonly guard: Guard;
  readonly options: RunCommandOptions;
  readonly hasInput: boolean;
}

const attached = async (started: StartedRun, { guard, options, hasInput }: AttachedRun): Promise<number> => {
  const link = createDaemonLink(guard);
  const stdin = hasInput ? createStdinFeed(process.stdin) : null;
  let current: RunId = started.runId;
  const signals = forwardSignals({ runId: () => current, link });
  const tell = options.verbose ? createTeller(link) : () => undefined;
  if (options.verbose || process.stderr.isTTY) say(await startLine(started, link));
  const following = attach(started, {
    link,
    stdin,
    onRun: (runId, generation) => {
      current = runId;
      if (generation > 1) say(`restarted as run ${runId}`);
    },
    onChange: tell,
  });
  const outcome = await Promise.race([following, signals.detached]);
  signals.stop();
  stdin?.stop();
  if (outcome === 'detached') {
    say(`the job goes on: flowforge logs ${current} -f`);
    return ownFailureExitCode;
  }
  await conclude(outcome, { link, report: options.report });
  return outcome.exitCode;
};

const startLine = async (started: StartedRun, link: DaemonLink): Promise<string> => {
  const dashboard = await link.ask(dashboardOf);
  return `run ${started.runId}${dashboard === null ? '' : ` · ${dashboard}/runs/${started.runId}`}`;
};

/** The four lines at a stop, and the report. A daemon that is gone for good takes neither the output nor the exit code with it. */
const conclude = async (
  { runId, view }: Outcome,
  { link, report }: { link: DaemonLink; report: string | null },
): Promise<void> => {
  const hasEndedQuietly = view !== null && view.state === 'exited';
  if (hasEndedQuietly && report === null) return;
  try {
    const story = await link.ask((client) => fetchStory(client, runId));
    if (!hasEndedQuietly) for (const line of renderStop(story)) process.stderr.write(`${line}\n`);
    if (report !== null)
      writeFileSync(
        report,
        `${JSON.stringify({ ...story.row, incidents: story.incidents, timeline: story.timeline }, null, 2)}\n`,
      );
  } catch (error) {
    if (!(error instanceof DaemonAway)) throw error;
    say(
      `no daemon could be reached to say how run ${runId} ended; its files are kept, and flowforge why ${runId} tells later`,
    );
  }
};

/** `-v`: what happens to the run, as it happens. */
const createTeller = (link: DaemonLink): ((view: RunView) => void) => {
  let told = 0;
  let isAsking = false;
  return ({ runId }) => {
    if (isAsking) return;
    isAsking = true;
    link
      .ask((client) => client.timeline({ runId }))
      .then(({ items }) => {
        for (const entry of items.map(({ fact }) => toTimelineEntry(fact)).filter(({ seq }) => seq > told)) {
          told = entry.seq;
          say(escapeControls(entry.text));
        }
      })
      .catch(() => undefined) // told at the next change, or by `why`
      .finally(() => {
        isAsking = false;
      });
  };
};

const say = (text: string): void => {
  process.stderr.write(`flowforge: ${text}\n`);
};
