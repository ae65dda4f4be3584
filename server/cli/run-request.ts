import path from 'node:path';
import { readConfig } from '#config/read-config';
import type { RunRequest } from '#protocol/run-spec';
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
  /** Of every option that is also a key of the configuration, under that key. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** @throws ConfigProblem or CliProblem naming the option, variable or line that is wrong. */
export const toRunRequest = (argv: readonly string[], options: RunOptions): RunRequest => {
  const cwd = path.resolve(options.cwd ?? '.');
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
