import { statSync } from 'node:fs';
import path from 'node:path';
import { resolvePaths } from '#config/paths';
import { readPolicyText } from '#config/policy-files';
import { readConfig } from '#config/read-config';
import type { PolicySource, RunRequest } from '#protocol/run-spec';
import { stdinModeOf } from './feed-stdin.ts';
import { CliProblem, ownFailureExitCode } from './problem.ts';

/** The options of `run`, as typed. */
export interface RunOptions {
  readonly name: string | null;
  readonly label: readonly string[];
  readonly cwd: string | null;
  readonly config: string | null;
  readonly detach: boolean;
  readonly keepOrphans: boolean;
  /** Waits for room on the host, too. */
  readonly queue: boolean;
  /** Nudges go to the standard input of the job, which stays open for them. */
  readonly injectFeedback: boolean;
  /** The file in which an agent keeps what it does, where it does not stream; `auto` or `off`. Left out, it is looked for where an agent is started. */
  readonly transcript: string | null;
  /** `loss`, `loss:lower`, `accuracy:higher`. */
  readonly track: readonly string[];
  /** Of every option that is also a key of the configuration, under that key. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** @throws ConfigProblem or CliProblem naming the option, variable or line that is wrong. */
export const toRunRequest = (argv: readonly string[], options: RunOptions): RunRequest => {
  const cwd = directoryOf(options.cwd ?? '.');
  const settings = readConfig({
    flags: options.flags,
    env: process.env,
    cwd: process.cwd(),
    file: options.config,
  });
  const { profile, policy, limits, rollout, noKill, restart, model } = settings;
  return {
    name: options.name,
    argv,
    cwd,
    env: jobEnvironment(process.env),
    labels: {
      ...Object.fromEntries(options.label.map(parseLabel)),
      ...(options.injectFeedback ? { 'flowforge.feedback': 'stdin' } : {}),
      ...transcriptLabels(argv, cwd, options.transcript),
      ...(options.track.length === 0 ? {} : { 'flowforge.track': options.track.map(checkedMetric).join(',') }),
    },
    profile,
    policy,
    limits,
    rollout,
    noKill,
    restart,
    keepOrphans: options.keepOrphans,
    queue: options.queue,
    umask: process.umask(),
    stdin: options.injectFeedback ? 'fifo' : options.detach ? 'null' : stdinModeOf(0),
    model,
  };
};

// Their packages may be started by npx, and a command by env, nice or timeout with its own few words.
const agentCommands = new Set(['claude', 'codex', 'claude-code']);
const leadingWords = 4;

const transcriptLabels = (
  argv: readonly string[],
  cwd: string,
  given: string | null,
): Readonly<Record<string, string>> => {
  const startsAgent = argv.slice(0, leadingWords).some((word) => agentCommands.has(path.basename(word)));
  const asked = given ?? (startsAgent ? 'auto' : 'off');
  if (asked === 'off') return {};
  return { 'flowforge.transcript': asked === 'auto' ? asked : path.resolve(cwd, asked) };
};

const checkedMetric = (text: string): string => {
  if (/^[A-Za-z][\w./-]{0,59}(?::(?:lower|higher))?$/.test(text)) return text;
  throw new CliProblem(
    `--track ${text}: expected the name of a number in the output, with :lower or :higher where it is not plain`,
    {
      hint: 'for example --track loss, or --track score:higher',
      exitCode: ownFailureExitCode,
    },
  );
};

const directoryOf = (given: string): string => {
  const cwd = path.resolve(given);
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true) return cwd;
  throw new CliProblem(`--cwd ${given}: there is no such directory`, {
    hint: 'make it first, or leave --cwd out to start where you are',
    exitCode: ownFailureExitCode,
  });
};

/**
 * A policy of one's own is compiled before anything starts; those that ship are good, and need no compiler here.
 * @throws PolicyProblem with file, line and column.
 */
export const refuseBadPolicy = async (policy: PolicySource): Promise<void> => {
  if (policy.kind === 'shipped') return;
  const { compilePolicy } = await import('#policy/compile-policy');
  compilePolicy(readPolicyText(policy, path.join(resolvePaths(process.env).packageRoot, 'policies')));
};

/** FlowForge's settings and keys are not the job's business. */
const jobEnvironment = (env: NodeJS.ProcessEnv): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || name.startsWith('FLOWFORGE_') ? [] : [[name, value]],
    ),
  );

const parseLabel = (text: string): [string, string] => {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new CliProblem(`--label ${text}: expected key=value`, {
    hint: 'for example --label team=data',
    exitCode: ownFailureExitCode,
  });
};
