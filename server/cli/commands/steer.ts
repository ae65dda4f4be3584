import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { liveRuns, liveRunsMatching } from '#cli/choose-runs';
import type { DaemonClient, RunVerb } from '#cli/daemon-client';
import { ensureDaemon } from '#cli/ensure-daemon';
import { print, printJson } from '#cli/output';
import { CliProblem, usageExitCode } from '#cli/problem';
import { escapeControls } from '#cli/render/escape';
import { resolvePaths } from '#config/paths';
import { parseDuration } from '#config/quantities';
import type { RunId } from '#protocol/ids';
import { isOver } from '#protocol/run-state';
import type { RunRow, RunView } from '#protocol/views';

export interface SteerOptions {
  readonly reason?: string;
  /** As typed. */
  readonly grace?: string;
  /** In place of names: every live run that it matches. */
  readonly filter?: string;
  readonly dryRun: boolean;
  /** Without asking. */
  readonly yes: boolean;
  readonly json: boolean;
}

type Target = Pick<RunView, 'runId' | 'name' | 'state' | 'jobId' | 'generation'>;

interface Steered {
  readonly runId: string;
  readonly name: string;
  readonly outcome: string;
  readonly isDone: boolean;
}

const lookEveryMs = 100;
/** Beyond the grace of the run. */
const patienceMs = 15_000;
/** A run that is still there after this is asked for in detail: something may have survived. */
const usuallyOverMs = 2_000;
const atOnce = 25;

/** `flowforge stop|restart|pause|resume`: asks, waits, and says what came of it. Exit code 1 when one of them did not do it. */
export const steerCommand = async (verb: RunVerb, refs: readonly string[], options: SteerOptions): Promise<number> => {
  if ((refs.length === 0) === (options.filter === undefined))
    throw new CliProblem(`${verb} wants either runs or a filter`, {
      hint: `flowforge ${verb} RUN…, or flowforge ${verb} -f 'label:nightly state:running'`,
      exitCode: usageExitCode,
    });
  const client = await ensureDaemon(resolvePaths(process.env));
  const targets =
    options.filter === undefined
      ? await inGroups(refs, async (ref): Promise<Target> => (await client.run(ref)).run)
      : await liveRunsMatching(client, options.filter);
  if (options.dryRun) return preview(verb, targets, options);
  if (options.filter !== undefined && !(await isAgreed(verb, targets, options))) return 1;
  const steered = await steerAll(client, { verb, targets, options });
  if (options.json) printJson(steered);
  else for (const { name, runId, outcome } of steered) print(`${escapeControls(`${name} (${runId}): ${outcome}`)}\n`);
  if (!options.json && options.filter !== undefined)
    print(`${steered.filter(({ isDone }) => isDone).length} of ${steered.length} ${pastOf[verb]}\n`);
  return steered.every(({ isDone }) => isDone) ? 0 : 1;
};

const preview = (verb: RunVerb, targets: readonly Target[], { json }: SteerOptions): number => {
  if (json) printJson(targets.map(({ runId, name, state }) => ({ runId, name, state })));
  else {
    for (const { runId, name, state } of targets) print(`${escapeControls(`${name} (${runId}): ${state}`)}\n`);
    print(`${targets.length} would be ${pastOf[verb]}; nothing was done\n`);
  }
  return 0;
};

/** A person is asked; a script said what it wants. */
const isAgreed = async (verb: RunVerb, targets: readonly Target[], { yes, json }: SteerOptions): Promise<boolean> => {
  if (yes || json || targets.length === 0 || !process.stdin.isTTY || !process.stderr.isTTY) return true;
  const names = targets.slice(0, 8).map(({ name }) => name);
  const rest = targets.length > names.length ? `, and ${targets.length - names.length} more` : '';
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question(
    `${verb} ${targets.length} runs (${escapeControls(names.join(', '))}${rest})? [y/N] `,
  );
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
};

interface Steering {
  readonly verb: RunVerb;
  readonly targets: readonly Target[];
  readonly options: SteerOptions;
}

/** All are asked at once; then one list of what lives is looked at until each has done it. */
const steerAll = async (client: DaemonClient, { verb, targets, options }: Steering): Promise<readonly Steered[]> => {
  const graceMs = options.grace === undefined ? null : parseDuration(options.grace);
  const told = new Map<RunId, Steered>();
  const tell = ({ runId, name }: Target, outcome: string, isDone: boolean): void =>
    void told.set(runId, { runId, name, outcome, isDone });
  await inGroups(targets, async (target) => {
    const body = { reason: options.reason ?? '', ...(graceMs === null ? {} : { graceMs }) };
    try {
      await client.command(target.runId, verb, body);
    } catch (error) {
      if (!(error instanceof CliProblem)) throw error;
      tell(target, `not ${pastOf[verb]}: ${error.message}`, false);
    }
  });
  const askedMs = performance.now();
  const look = async (target: Target, row: RunRow | undefined): Promise<void> => {
    const early = row === undefined ? null : outcomeOfRow(verb, row);
    if (early !== null) return tell(target, early, true);
    const waitedMs = performance.now() - askedMs;
    if (row !== undefined && waitedMs < usuallyOverMs) return;
    const now = (await client.run(target.runId)).run;
    const outcome = verb === 'restart' ? await restartOutcome(client, { before: target, now }) : outcomeOf(verb, now);
    if (outcome !== null) tell(target, outcome, now.survivors === 0 && !outcome.startsWith('NOT '));
    else if (waitedMs > (graceMs ?? now.limits?.graceMs ?? 0) + patienceMs)
      tell(target, `asked to ${verb}, and is still ${now.state}`, false);
  };
  for (;;) {
    const waiting = targets.filter(({ runId }) => !told.has(runId));
    if (waiting.length === 0) return targets.flatMap(({ runId }) => told.get(runId) ?? []);
    const live = new Map((await liveRuns(client)).map((row) => [row.runId, row]));
    await inGroups(waiting, (target) => look(target, live.get(target.runId)));
    await sleep(lookEveryMs);
  }
};

/** A few at a time: the daemon answers others, too. */
const inGroups = async <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> => {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += atOnce)
    results.push(...(await Promise.all(items.slice(at, at + atOnce).map(work))));
  return results;
};

/** A live run names the one that follows it; the job of a run that was over already is simply started once more. */
const restartOutcome = async (
  client: DaemonClient,
  { before, now }: { before: Target; now: RunView },
): Promise<string | null> => {
  if (now.survivors > 0) return `NOT restarted: ${now.survivors} processes are still alive`;
  if (!isOver(before.state)) return now.nextRunId === null ? null : `restarted as run ${now.nextRunId}`;
  const { items } = await client.runs({});
  const newer = items.find(({ jobId, generation }) => jobId === before.jobId && generation > before.generation);
  return newer === undefined ? null : `started again as run ${newer.runId}`;
};

const pastOf = { stop: 'stopped', restart: 'restarted', pause: 'paused', resume: 'resumed' } as const;

/** Null while it is not there yet, or the list does not tell. */
const outcomeOfRow = (verb: RunVerb, { state }: RunRow): string | null => {
  if (verb === 'pause') return state === 'paused' ? state : null;
  return verb === 'resume' && state !== 'paused' ? state : null;
};

/** Null while it is not there yet. */
const outcomeOf = (verb: Exclude<RunVerb, 'restart'>, run: RunView): string | null => {
  if (run.survivors > 0) return `NOT stopped: ${run.survivors} processes are still alive`;
  if (verb === 'pause' && run.state === 'running' && run.trouble !== null) return `NOT paused: ${run.trouble}`;
  if (verb === 'pause') return run.state === 'paused' || isOver(run.state) ? run.state : null;
  if (verb === 'resume') return run.state === 'paused' ? null : run.state;
  if (!isOver(run.state)) return null;
  // Taken out of the queue: there never was anything to end.
  if (run.pid === null) return 'stopped before it started';
  return run.verifiedEmpty ? 'stopped, verified empty' : null;
};
