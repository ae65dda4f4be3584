import { Command, InvalidArgumentError, Option } from 'commander';
import type { LogsOptions } from './commands/logs.ts';
import type { SteerOptions } from './commands/steer.ts';
import { addPolicy } from './policy-program.ts';
import { addRecord } from './program-record.ts';
import { addRun, type Finish } from './program-run.ts';
import { addSaying } from './say-program.ts';

/** The whole command line as a table. What a command needs is loaded when it runs, and no earlier. */
export const buildProgram = (finish: Finish, version: string): Command => {
  const program = new Command('flowforge')
    .description('A local guardrail for long-running scripts and AI-agent jobs.')
    .version(version, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .configureHelp({ optionDescription: ({ description }) => description })
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'flowforge: ')) })
    .showHelpAfterError('  next: flowforge --help lists the commands; with a command before it, its options');
  addRun(program, finish);
  addFleet(program, finish);
  addSteering(program, finish);
  addDaemon(program, finish);
  addSaying(program, finish);
  addPolicy(program, finish);
  addRecord(program, finish);
  addRest(program, finish, version);
  return program;
};

const asJson = (): Option => new Option('--json', 'print JSON').default(false);
const toCount = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number.');
  return Number(text);
};

const addFleet = (program: Command, finish: Finish): void => {
  program
    .command('ps')
    .description('The runs: what lives, and what ended last.')
    .option('-a, --all', 'all that the record holds', false)
    .option('-f, --filter <text>', "those that match, like 'label:nightly -state:paused cpu>50'")
    .addOption(asJson())
    .action((options: { json: boolean; all: boolean; filter?: string }) =>
      finish(import('./commands/list.ts').then(({ psCommand }) => psCommand(options))),
    );
  program
    .command('incidents')
    .description('What FlowForge noticed, newest first.')
    .addOption(asJson())
    .action((options: { json: boolean }) =>
      finish(import('./commands/list.ts').then(({ incidentsCommand }) => incidentsCommand(options))),
    );
  program
    .command('inspect')
    .description('Everything about one run, by id, unique prefix or name.')
    .argument('<run>')
    .addOption(asJson())
    .action((ref: string, options: { json: boolean }) =>
      finish(import('./commands/look.ts').then(({ inspectCommand }) => inspectCommand(ref, options))),
    );
  program
    .command('why')
    .description('Why a run ended as it did, with the numbers, and what to do next.')
    .argument('[run]', 'the newest run with an incident, when left out')
    .option('--last', 'the newest run with an incident', false)
    .addOption(asJson())
    .action((ref: string | undefined, options: { json: boolean }) =>
      finish(import('./commands/look.ts').then(({ whyCommand }) => whyCommand(ref, options))),
    );
  program
    .command('logs')
    .description('What a run wrote, redacted, both streams in order of arrival.')
    .argument('<run>')
    .option('-f, --follow', 'go on until the run ends', false)
    .option('-n, --tail <lines>', 'only the last lines', toCount)
    .addOption(new Option('--stream <name>', 'only one of the streams').choices(['stdout', 'stderr']))
    .option('--since <when>', 'only what came then or later: 10m ago, 14:30 today, 2026-01-31T14:30')
    .option('--grep <pattern>', 'only lines that a pattern (RE2) finds; (?i) in front ignores case')
    .option('-t, --timestamps', 'with the time of arrival', false)
    .option('--jsonl', 'one JSON object a line', false)
    .addOption(new Option('--json', 'the same as --jsonl').default(false).hideHelp())
    .action((ref: string, options: LogsOptions) =>
      finish(import('./commands/logs.ts').then(({ logsCommand }) => logsCommand(ref, options))),
    );
};

const addSteering = (program: Command, finish: Finish): void => {
  const verbs = {
    stop: 'SIGTERM, grace, then the whole tree, verified empty.',
    restart: 'Stop a run and start its job again; a run that is over is started again.',
    pause: 'Freeze the whole tree of a run.',
    resume: 'Thaw what was paused.',
  } as const;
  for (const verb of ['stop', 'restart', 'pause', 'resume'] as const) {
    const command = program
      .command(verb)
      .description(verbs[verb])
      .argument('[run...]', 'ids, unique prefixes or names')
      .option('-f, --filter <text>', "every live run that matches, like 'label:nightly state:running -name:keep'")
      .option('--dry-run', 'say which, and do nothing', false)
      .option('-y, --yes', 'do not ask before acting on what a filter matches', false)
      .option('--reason <text>', 'kept in the record')
      .addOption(asJson());
    if (verb === 'stop') command.option('--grace <duration>', 'in place of the grace of the run');
    command.action((refs: readonly string[], options: SteerOptions) =>
      finish(import('./commands/steer.ts').then(({ steerCommand }) => steerCommand(verb, refs, options))),
    );
  }
};

const addDaemon = (program: Command, finish: Finish): void => {
  program
    .command('dashboard')
    .description('Start or find the daemon and print the address of the dashboard (a ticket that opens it once).')
    .option('--open', 'open it in a browser', false)
    .addOption(asJson())
    .action((options: { open: boolean; json: boolean }) =>
      finish(import('./commands/dashboard.ts').then(({ dashboardCommand }) => dashboardCommand(options))),
    );
  const daemon = program.command('daemon').description('The background process that guards the runs.');
  const plain = {
    start: 'Start it, if it does not run.',
    status: 'Say whether it runs, without starting it (exit code 3 when it does not).',
    restart: 'Stop it and start it again; jobs live on.',
  } as const;
  for (const verb of ['start', 'status', 'restart'] as const) {
    daemon
      .command(verb)
      .description(plain[verb])
      .addOption(asJson())
      .action((options: { json: boolean }) =>
        finish(
          import('./commands/daemon.ts').then(({ daemonStart, daemonStatus, daemonRestart }) =>
            ({ start: daemonStart, status: daemonStatus, restart: daemonRestart })[verb](options),
          ),
        ),
      );
  }
  daemon
    .command('stop')
    .description('Stop it. Jobs go on, unguarded, unless --jobs.')
    .option('--jobs', 'stop the jobs too', false)
    .addOption(asJson())
    .action((options: { jobs: boolean; json: boolean }) =>
      finish(import('./commands/daemon.ts').then(({ daemonStop }) => daemonStop(options))),
    );
  daemon
    .command('logs')
    .description("The end of the daemon's own log.")
    .option('-n, --lines <count>', 'how many lines', toCount, 50)
    .action((options: { lines: number }) =>
      finish(import('./commands/daemon.ts').then(({ daemonLogs }) => daemonLogs(options))),
    );
};

const addRest = (program: Command, finish: Finish, version: string): void => {
  program
    .command('demo')
    .description('A safe runaway and its recovery, in less than half a minute. Leaves nothing behind.')
    .option('--max-cpu <percent>', 'where CPU pressure begins')
    .action((options: { maxCpu?: string }) =>
      finish(import('./commands/demo.ts').then(({ demoCommand }) => demoCommand(options))),
    );
  program
    .command('scan')
    .description('Run the detectors over a file or stdin: 0 nothing to act on, 3 warn, 4 act.')
    .argument('[file]', 'a file, or - for stdin')
    .option('--corpus <dir>', 'every stream of a labelled directory (manifest.jsonl), as a confusion table')
    .addOption(
      new Option('--format <format>', 'what the file holds')
        .choices(['auto', 'lines', 'timed-lines', 'text', 'agent', 'events'])
        .default('auto'),
    )
    .option('--rate <lines>', 'lines per second, where the stream has no clock', Number)
    .addOption(asJson())
    .action((file: string | undefined, options: { format: string; rate?: number; corpus?: string; json: boolean }) =>
      finish(import('./commands/scan.ts').then(({ scanCommand }) => scanCommand(file, options))),
    );
  program
    .command('progress')
    .description('Inside a job: report progress as a line that FlowForge reads.')
    .argument('[share]', 'like 12/100 or 40%')
    .option('--token <text>', 'progress only counts when this differs from before')
    .option('-m, --message <text>', 'for people')
    .action((share: string | undefined, options: { token?: string; message?: string }) =>
      finish(import('./commands/progress.ts').then(({ progressCommand }) => progressCommand(share, options))),
    );
  program
    .command('doctor')
    .description('What this machine gives: Node, containment, paths, settings.')
    .option('--unit', 'print a unit file for systemd --user, with a cgroup of its own for jobs', false)
    .addOption(asJson())
    .action((options: { json: boolean; unit: boolean }) =>
      finish(import('./commands/doctor.ts').then(({ doctorCommand }) => doctorCommand(options))),
    );
  program
    .command('key')
    .description('Where the API key is; creates it, and gives old names in .flowforge.env their new ones.')
    .option('--show', 'print the key itself', false)
    .addOption(asJson())
    .action((options: { show: boolean; json: boolean }) =>
      finish(import('./commands/key.ts').then(({ keyCommand }) => keyCommand(options))),
    );
  program
    .command('version')
    .description('Print the version.')
    .action(() =>
      finish(
        import('./output.ts').then(({ print }) => {
          print(`${version}\n`);
          return 0;
        }),
      ),
    );
};
