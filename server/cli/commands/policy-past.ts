import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { DaemonClient } from '#cli/daemon-client';
import { ensureDaemon } from '#cli/ensure-daemon';
import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { renderBacktest } from '#cli/render/backtest';
import { escapeControls } from '#cli/render/escape';
import { noProgressLine, progressLine } from '#cli/render/progress-bar';
import { resolvePaths } from '#config/paths';
import { readPolicyText } from '#config/policy-files';
import { parseDuration } from '#config/quantities';
import type { PolicyText } from '#protocol/messages';
import type { IncidentView } from '#protocol/views';

const connect = (): Promise<DaemonClient> => ensureDaemon(resolvePaths(process.env));
const escapeLines = (text: string): string => text.split('\n').map(escapeControls).join('\n');

const readPolicy = (file: string): PolicyText => {
  const isFile = file.includes('/') || /\.ya?ml$/.test(file);
  const source = isFile
    ? ({ kind: 'file', path: path.resolve(file), text: readFileSync(file, 'utf8') } as const)
    : ({ kind: 'shipped', name: file } as const);
  return readPolicyText(source, path.join(resolvePaths(process.env).packageRoot, 'policies'));
};

/** `flowforge replay RUN`: 0 every decision came out the same, 1 they differ. */
export const replayCommand = async (
  ref: string,
  options: { readonly policy?: string; readonly json: boolean },
): Promise<number> => {
  const client = await connect();
  const { run } = await client.run(ref);
  const report = await client.replay(run.runId, options.policy === undefined ? null : readPolicy(options.policy));
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
  options: { readonly since: string; readonly against: string; readonly maxNewStops?: number; readonly json: boolean },
): Promise<number> => {
  const client = await connect();
  const sinceMs = Date.now() - parseDuration(options.since);
  const candidate = readPolicy(file);
  const against = await againstOf(client, options.against);
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

/** `active` is what really happened, whatever policy that was. */
const againstOf = async (client: DaemonClient, against: string): Promise<string | null> => {
  if (against === 'active') return null;
  const { items } = await client.policyHistory();
  const known = items.flatMap(({ fact }) => (fact.kind === 'policy-applied' ? [fact.hash, fact.previousHash] : []));
  const hash = known.find((one) => one.startsWith(against));
  if (hash !== undefined) return hash;
  throw new CliProblem(`expected active or the beginning of a hash, got ${against}`, {
    hint: '`flowforge policy history` lists them',
  });
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
      print(`${escapeLines(`${one.rule}: ${state}\n  when ${one.when}${unless}`)}\n`);
    }
  return 0;
};
