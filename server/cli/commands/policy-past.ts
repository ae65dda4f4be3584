import { randomUUID } from 'node:crypto';
import type { DaemonClient } from '#cli/daemon-client';
import { ensureDaemon } from '#cli/ensure-daemon';
import { findPolicy, readNamedPolicy } from '#cli/named-policy';
import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { renderBacktest } from '#cli/render/backtest';
import { escapeControls } from '#cli/render/escape';
import { noProgressLine, progressLine } from '#cli/render/progress-bar';
import { resolvePaths } from '#config/paths';
import { parseDuration } from '#config/quantities';
import { compilePolicy } from '#policy/compile-policy';
import type { DecisiveEvent } from '#protocol/decisive-events';
import type { PolicyText } from '#protocol/messages';
import type { IncidentView } from '#protocol/views';

const connect = (): Promise<DaemonClient> => ensureDaemon(resolvePaths(process.env));
const escapeLines = (text: string): string => text.split('\n').map(escapeControls).join('\n');

/** `flowforge replay RUN`: 0 every decision came out the same, 1 they differ. */
export const replayCommand = async (
  ref: string,
  options: { readonly policy?: string; readonly json: boolean },
): Promise<number> => {
  const client = await connect();
  const { run } = await client.run(ref);
  const report = await client.replay(run.runId, options.policy === undefined ? null : readNamedPolicy(options.policy));
  if (options.json) printJson(report);
  else {
    const { name, runId, ticks, decisions, differences, unknownPolicies } = report;
    const verdict =
      differences.length === 0
        ? `all ${decisions} decisions come out the same`
        : `${differences.length} decisions differ`;
    const lines = [`${name} (${runId}): ${ticks} ticks, ${verdict}`, ...differences.map((line) => `  ${line}`)];
    if (unknownPolicies.length > 0) lines.push(`  not kept: ${unknownPolicies.join(', ')}`);
    print(`${escapeLines(lines.join('\n'))}\n`);
  }
  return report.differences.length === 0 && report.unknownPolicies.length === 0 ? 0 : 1;
};

/** `flowforge policy backtest FILE`: 1 when it stops more jobs that finished well than allowed, 2 when it is not valid. */
export const policyBacktest = async (
  file: string,
  options: { readonly since: string; readonly against?: string; readonly maxNewStops?: number; readonly json: boolean },
): Promise<number> => {
  const candidate = candidateOf(file);
  if (candidate === null) return invalidExitCode;
  const client = await connect();
  const sinceMs = Date.now() - parseDuration(options.since);
  const against = options.against === undefined ? null : await findPolicy(client, options.against);
  const id = randomUUID();
  const endProgress = options.json || !process.stderr.isTTY ? () => undefined : showProgress(client, id);
  const report = await client.backtest({ candidate, against, sinceMs, id }).finally(endProgress);
  if (options.json) printJson(report);
  else print(`${escapeLines(renderBacktest(report))}\n`);
  const { gained } = report.wellAndHit;
  const isTooMany = options.maxNewStops !== undefined && gained > options.maxNewStops;
  if (isTooMany && !options.json)
    print(`exit 1 (${gained} new stops of jobs that finished well, --max-new-stops ${options.maxNewStops})\n`);
  return isTooMany ? 1 : 0;
};

/** As of `policy check`: 1 says that --max-new-stops was exceeded, and nothing else. */
const invalidExitCode = 2;

/** null where it is not valid, which is told. */
const candidateOf = (file: string): PolicyText | null => {
  try {
    const policy = readNamedPolicy(file);
    compilePolicy(policy);
    return policy;
  } catch (error) {
    process.stderr.write(`${escapeLines(error instanceof Error ? error.message : String(error))}\n`);
    return null;
  }
};

/** @throws CliProblem where the run has no such incident. */
const openingOf = (incidents: readonly IncidentView[], prefix: string): number => {
  const found = incidents.find(({ incidentId }) => incidentId.startsWith(prefix));
  if (found !== undefined) return found.openedAtMs;
  throw new CliProblem(`the run has no incident ${prefix}`, {
    hint: incidents.map(({ incidentId, rule }) => `${incidentId} (${rule})`).join(', ') || 'it has none at all',
  });
};

const lookEveryMs = 250;

/** A bar on stderr until it is told to go. */
const showProgress = (client: DaemonClient, id: string): (() => void) => {
  const timer = setInterval(() => {
    client.backtestProgress(id).then(
      (progress) => {
        if (progress.total > 0 && timer.hasRef()) process.stderr.write(progressLine(progress));
      },
      () => undefined, // the bar is no reason to fail: the backtest itself tells what is wrong
    );
  }, lookEveryMs);
  return () => {
    clearInterval(timer.unref());
    process.stderr.write(noProgressLine);
  };
};

/** `flowforge policy explain RUN [RULE]`: now, or when an incident of it opened. */
export const policyExplain = async (
  ref: string,
  rule: string | undefined,
  { json, incident }: { readonly json: boolean; readonly incident?: string },
): Promise<number> => {
  const client = await connect();
  const { run, incidents } = await client.run(ref);
  const told = await client.explain(run.runId, incident === undefined ? null : openingOf(incidents, incident));
  const rules = told.rules.filter((one) => rule === undefined || one.rule === rule);
  if (rules.length === 0)
    throw new CliProblem(`its policy has no rule ${rule}`, { hint: told.rules.map((one) => one.rule).join(', ') });
  if (json) printJson({ ...told, rules });
  else
    for (const one of rules) {
      const state = one.holds ? (one.heldBack ? 'held back' : 'holds') : 'does not hold';
      const unless = one.unless === null ? '' : `\n  unless ${one.unless}`;
      const repeated = one.decisive.map((event) => `\n  ${wordsOf(event)}`).join('');
      print(`${escapeLines(`${one.rule}: ${state}\n  when ${one.when}${unless}${repeated}`)}\n`);
    }
  return 0;
};

/** `call 4a8e5f6b14 with result 4d came 6 times (tool-cycle)`: the hashes are those of the record. */
const wordsOf = ({ detector, kind, hash, resultHash, count }: DecisiveEvent): string => {
  const result = resultHash === null ? '' : ` with result ${resultHash.toString(16)}`;
  return `${kind} ${hash.toString(16)}${result} came ${count} times (${detector})`;
};
