import { type Command, Option } from 'commander';
import { rolloutModes } from '#protocol/judgement';
import { profiles } from '#protocol/run-spec';

/** A command tells its exit code; only `main` ends the process. */
export type Finish = (work: Promise<number>) => Promise<void>;

/** Options of `run` that are keys of the configuration too; each is checked there, with the other layers. */
const settingOptions = (): readonly Option[] => [
  new Option('--max-cpu <percent>', 'CPU pressure begins here, in percent of one core (profile: 60)'),
  new Option('--max-mem <size>', 'memory limit of the whole tree, like 512MiB'),
  new Option('--timeout <duration>', 'wall-time limit, like 2h'),
  new Option('--grace <duration>', 'between SIGTERM and the end of the whole tree, like 10s'),
  new Option('--profile <name>', `thresholds to start from: ${profiles.join(', ')}`),
  new Option('--policy <name|file>', 'the policy of this run: a name that ships, or a file'),
  new Option('--policy-rollout <mode>', `${rolloutModes.join(', ')}`),
  new Option('--policy-canary-percent <n>', 'share of the jobs that a canary acts on'),
  new Option('--shadow-mode', 'evaluate and record only; nothing is done to the job'),
  new Option('--no-kill', 'alerts only, limits included'),
  new Option('--restart <setting>', 'N (= on-failure:N), no, on-failure[:N] or always[:N]'),
  new Option('--model <name>', "prices an agent's tokens where its stream names no model"),
];

const collect = (value: string, seen: readonly string[]): readonly string[] => [...seen, value];

export const addRun = (program: Command, finish: Finish): void => {
  const run = program
    .command('run')
    .description(
      'Supervise a command. Its output passes through; its exit code is ours, 124 when a policy, limit or budget stopped it.',
    )
    .argument('<command...>', 'the command, after --')
    .passThroughOptions()
    .option('--name <name>', 'what the run is called')
    .option('--label <key=value>', 'may be given again', collect, [])
    .option('--cwd <dir>', 'where the command starts')
    .option('--config <file>', 'read in place of ./flowforge.yaml')
    .option('-d, --detach', 'print the run id and leave the job to the daemon', false)
    .option('--queue', 'start it when the host has room: memory, load, and the maxima of the daemon', false)
    .option('--no-daemon', 'guard the job inside this process (CI, containers)')
    .option('--keep-orphans', 'spare what is left of the tree when the command ends', false)
    .option('--inject-feedback', 'nudges go to the standard input of the job, too', false)
    .option(
      '--transcript <file|auto|off>',
      'the session file of an agent that does not stream; auto, the default for claude and codex, finds it by the directory',
    )
    .option('--track <metric>', 'a number in the output whose improvement is progress: loss, score:higher', collect, [])
    .option('--report <file>', 'write run, incidents and timeline as JSON at the end')
    .option('-v, --verbose', 'tell on stderr what happens to the run', false);
  for (const option of settingOptions()) run.addOption(option);
  run.action((argv: readonly string[], options: Readonly<Record<string, unknown>>) =>
    finish(
      (async () => {
        const { runCommand } = await import('./commands/run.ts');
        const { parseRunOptions } = await import('./parse-run-options.ts');
        return runCommand(argv, parseRunOptions(options));
      })(),
    ),
  );
};
