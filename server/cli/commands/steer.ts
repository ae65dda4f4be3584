import { setTimeout as sleep } from 'node:timers/promises';
import type { DaemonClient, RunVerb } from '#cli/daemon-client';
import { ensureDaemon } from '#cli/ensure-daemon';
import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { escapeControls } from '#cli/render/escape';
import { resolvePaths } from '#config/paths';
import { parseDuration } from '#config/quantities';
import { isOver } from '#protocol/run-state';
import type { RunView } from '#protocol/views';

export interface SteerOptions {
  readonly reason?: string;
  /** As typed. */
  readonly grace?: string;
  readonly json: boolean;
}

interface Steered {
  readonly runId: string;
  readonly name: string;
  readonly outcome: string;
  readonly isDone: boolean;
}

const lookEveryMs = 100;
/** Beyond the grace of the run. */
const patienceMs = 15_000;

/** `flowforge stop|restart|pause|resume RUN…`: asks, waits, and says what came of it. Exit code 1 when one of them did not do it. */
export const steerCommand = async (verb: RunVerb, refs: readonly string[], options: SteerOptions): Promise<number> => {
  const client = await ensureDaemon(resolvePaths(process.env));
  const targets = await Promise.all(refs.map((ref) => client.run(ref)));
  const steered = await Promise.all(targets.map(({ run }) => steer(client, { verb, run, options })));
  if (options.json) printJson(steered);
  else for (const { name, runId, outcome } of steered) print(`${escapeControls(`${name} (${runId}): ${outcome}`)}\n`);
  return steered.every(({ isDone }) => isDone) ? 0 : 1;
};

const steer = async (
  client: DaemonClient,
  { verb, run, options }: { verb: RunVerb; run: RunView; options: SteerOptions },
): Promise<Steered> => {
  const told = (outcome: string, isDone: boolean): Steered => ({ runId: run.runId, name: run.name, outcome, isDone });
  const graceMs = options.grace === undefined ? null : parseDuration(options.grace);
  try {
    await client.command(run.runId, verb, { reason: options.reason ?? '', ...(graceMs === null ? {} : { graceMs }) });
  } catch (error) {
    if (error instanceof CliProblem) return told(`not ${pastOf[verb]}: ${error.message}`, false);
    throw error;
  }
  const deadlineMs = performance.now() + (graceMs ?? run.limits?.graceMs ?? 0) + patienceMs;
  for (;;) {
    const now = (await client.run(run.runId)).run;
    const outcome = verb === 'restart' ? await restartOutcome(client, { before: run, now }) : outcomeOf(verb, now);
    if (outcome !== null) return told(outcome, now.survivors === 0);
    if (performance.now() > deadlineMs) return told(`asked to ${verb}, and is still ${now.state}`, false);
    await sleep(lookEveryMs);
  }
};

/** A live run names the one that follows it; the job of a run that was over already is simply started once more. */
const restartOutcome = async (
  client: DaemonClient,
  { before, now }: { before: RunView; now: RunView },
): Promise<string | null> => {
  if (now.survivors > 0) return `NOT restarted: ${now.survivors} processes are still alive`;
  if (!isOver(before.state)) return now.nextRunId === null ? null : `restarted as run ${now.nextRunId}`;
  const { items } = await client.runs({});
  const newer = items.find(({ jobId, generation }) => jobId === before.jobId && generation > before.generation);
  return newer === undefined ? null : `started again as run ${newer.runId}`;
};

const pastOf = { stop: 'stopped', restart: 'restarted', pause: 'paused', resume: 'resumed' } as const;

/** Null while it is not there yet. */
const outcomeOf = (verb: Exclude<RunVerb, 'restart'>, run: RunView): string | null => {
  if (run.survivors > 0) return `NOT stopped: ${run.survivors} processes are still alive`;
  if (verb === 'pause') return run.state === 'paused' || isOver(run.state) ? run.state : null;
  if (verb === 'resume') return run.state === 'paused' ? null : run.state;
  if (!isOver(run.state)) return null;
  return run.verifiedEmpty ? 'stopped, verified empty' : null;
};
