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
  /** Nudges go to the standard input of the job, which stays open for them. */
  readonly injectFeedback: boolean;
  /** The file in which an agent keeps what it does, where it does not stream. */
  readonly transcript: string | null;
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
      ...(options.transcript === null ? {} : { 'flowforge.transcript': path.resolve(cwd, options.transcript) }),
    },
    profile,
    policy,
    limits,
    rollout,
    noKill,
    restart,
    keepOrphans: options.keepOrphans,
    umask: process.umask(),
    stdin: options.injectFeedback ? 'fifo' : options.detach ? 'null' : stdinModeOf(0),
    model,
  };
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
