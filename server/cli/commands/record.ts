import path from 'node:path';
import { ensureDaemon } from '#cli/ensure-daemon';
import { print, printJson } from '#cli/output';
import { escapeControls } from '#cli/render/escape';
import { resolvePaths } from '#config/paths';
import { formatCommand } from '#protocol/format-command';
import type { RunSurvivors, VerifyReply } from '#protocol/gateway-api';

interface RecordOptions {
  readonly json: boolean;
}

/** `flowforge verify`: reads the whole record. Exit code 1 when something is wrong with it, and what. */
export const verifyCommand = async ({ json }: RecordOptions): Promise<number> => {
  const client = await ensureDaemon(resolvePaths(process.env));
  const verdict = await client.verify();
  if (json) printJson(verdict);
  else for (const line of linesOf(verdict)) print(`${escapeControls(line)}\n`);
  return verdict.chain.kind === 'ok' && verdict.survivors.length === 0 ? 0 : 1;
};

const linesOf = ({ chain, waitingFacts, liveRuns, unsettledRuns, survivors }: VerifyReply): readonly string[] => [
  chain.kind === 'ok'
    ? `the record is whole: ${chain.facts} facts, each follows the one before, the last is ${chain.lastSeq}`
    : `the record is BROKEN at fact ${chain.seq}: ${chain.why}`,
  ...(chain.kind === 'ok' ? chain.breaks.map(({ seq, why }) => `known gap before fact ${seq}: ${why}`) : []),
  ...(waitingFacts > 0 ? [`${waitingFacts} facts are journalled and wait for the database`] : []),
  `${liveRuns} ${liveRuns === 1 ? 'run is' : 'runs are'} live, ${unsettledRuns.length} over and not yet settled`,
  ...survivors.map(survivorsLine),
];

const survivorsLine = ({ runId, survivors, processes }: RunSurvivors): string => {
  const names = processes.map(({ pid, command }) => `${command} (${pid})`).join(', ');
  return processes.length === 0
    ? `run ${runId} left ${survivors} processes that could not be ended`
    : `run ${runId} is over, and of its processes there still live: ${names}`;
};

/** `flowforge backup FILE`: a copy of the record that opens by itself; taken while the daemon goes on. */
export const backupCommand = async (file: string, { json }: RecordOptions): Promise<number> => {
  const paths = resolvePaths(process.env);
  const client = await ensureDaemon(paths);
  const written = await client.backup(path.resolve(file));
  if (json) printJson(written);
  else
    print(
      `the record was copied to ${written.file}; to restore it:\n  ${formatCommand(['cp', written.file, `${paths.database}.restore`])} && flowforge daemon restart\n`,
    );
  return 0;
};
