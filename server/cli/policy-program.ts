import { type Command, InvalidArgumentError, Option } from 'commander';
import type { PromoteWish } from './commands/policy-promote.ts';
import type { Finish } from './program-run.ts';

interface Asked {
  readonly reason: string;
  readonly yes: boolean;
  readonly json: boolean;
}

const asJson = (): Option => new Option('--json', 'print JSON').default(false);
const collect = (value: string, seen: readonly string[]): readonly string[] => [...seen, value];
const withReason = (command: Command): Command =>
  command
    .option('--reason <text>', 'kept in the record', '')
    .option('-y, --yes', 'accept that running jobs are acted on', false)
    .addOption(asJson());

export const addPolicy = (program: Command, finish: Finish): void => {
  const policy = program.command('policy').description('Check, test, apply and compare policies.');
  addFiles(policy, finish);
  addLive(policy, finish);
  addPast(policy, finish);
  program
    .command('replay')
    .description('Make every decision about a run again from its record: 0 all come out the same, 1 they differ.')
    .argument('<run>')
    .option('--policy <file>', 'judge it by this policy in place of its own')
    .addOption(asJson())
    .action((ref: string, options: { policy?: string; json: boolean }) =>
      finish(import('./commands/policy-past.ts').then(({ replayCommand }) => replayCommand(ref, options))),
    );
};

const addFiles = (policy: Command, finish: Finish): void => {
  policy
    .command('check')
    .description('Say what is wrong with policy files, with line and column (exit code 2), or that they are good.')
    .argument('<file...>', 'files, or names that ship')
    .addOption(asJson())
    .action((files: readonly string[], options: { json: boolean }) =>
      finish(import('./commands/policy.ts').then(({ policyCheck }) => policyCheck(files, options))),
    );
  policy
    .command('test')
    .description('Run the tests in *.test.yaml files: 0 all pass, 1 a test failed, 2 a file is not valid.')
    .argument('<file...>', 'tests, policies with tests beside them, or names that ship')
    .option('--junit <file>', 'also write what came of it as JUnit XML')
    .addOption(asJson())
    .action((files: readonly string[], options: { json: boolean; junit?: string }) =>
      finish(import('./commands/policy.ts').then(({ policyTest }) => policyTest(files, options))),
    );
};

const addLive = (policy: Command, finish: Finish): void => {
  withReason(
    policy
      .command('apply')
      .description('Check a policy and put it in force for running jobs: 0 in force, 1 held, 2 refused.')
      .argument('<file>', 'a file, or a name that ships')
      .option('--run <run>', 'for this run only; may be given again', collect, [])
      .option('--all', 'for all running jobs, whatever they follow', false),
  ).action((file: string, options: Asked & { run: readonly string[]; all: boolean }) =>
    finish(import('./commands/policy-live.ts').then(({ policyApply }) => policyApply(file, options))),
  );
  withReason(
    policy
      .command('rollback')
      .description('Put an earlier text of a policy back in force; its file is left as it is until it is saved again.')
      .argument('[file]', 'may be left out where one policy is in force')
      .option('--to <hash>', 'the beginning of a hash of the history; the one before, when left out'),
  ).action((file: string | undefined, options: Asked & { to?: string }) =>
    finish(
      import('./commands/policy-live.ts').then(({ policyRollback }) =>
        policyRollback(file, { ...options, to: options.to }),
      ),
    ),
  );
  policy
    .command('history')
    .description('Every switch, refusal, hold and reminder, newest first.')
    .addOption(asJson())
    .action((options: { json: boolean }) =>
      finish(import('./commands/policy-live.ts').then(({ policyHistory }) => policyHistory(options))),
    );
  policy
    .command('active')
    .description('What judges running jobs now, and why a saved file is not in force, where it is not.')
    .addOption(asJson())
    .action((options: { json: boolean }) =>
      finish(import('./commands/policy-live.ts').then(({ policyActive }) => policyActive(options))),
    );
  policy
    .command('diff')
    .description(
      'What differs between two policies; from the active one where one is named, of the last switch where none is.',
    )
    .argument('[from]', 'the beginning of a hash of the history, a file, a shipped name, or active')
    .argument('[to]', 'the same')
    .action((from: string | undefined, to: string | undefined) =>
      finish(import('./commands/policy-live.ts').then(({ policyDiff }) => policyDiff(from, to))),
    );
};

const toCount = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number.');
  return Number(text);
};

const addPast = (policy: Command, finish: Finish): void => {
  policy
    .command('backtest')
    .description(
      'What a policy would have done to the recorded runs; exit code 1 where --max-new-stops is exceeded, 2 where the policy is not valid.',
    )
    .argument('<file>', 'a file, or a name that ships')
    .option('--since <duration>', 'how far back, like 7d', '7d')
    .option(
      '--against <policy>',
      'active (what flowforge.yaml names), a file, a shipped name or the beginning of a hash; left out: what really happened',
    )
    .option('--max-new-stops <n>', 'how many jobs that finished well it may newly stop', toCount)
    .addOption(asJson())
    .action((file: string, options: { since: string; against?: string; maxNewStops?: number; json: boolean }) =>
      finish(import('./commands/policy-past.ts').then(({ policyBacktest }) => policyBacktest(file, options))),
    );
  policy
    .command('explain')
    .description(
      'The conditions of the policy of a run with the values of its last tick put in, or those when an incident opened.',
    )
    .argument('<run>')
    .argument('[rule]')
    .option('--incident <id>', 'the values when this incident of the run opened')
    .addOption(asJson())
    .action((ref: string, rule: string | undefined, options: { json: boolean; incident?: string }) =>
      finish(import('./commands/policy-past.ts').then(({ policyExplain }) => policyExplain(ref, rule, options))),
    );
  policy
    .command('suggest')
    .description(
      'Thresholds that recorded healthy runs would have kept, as a policy in shadow, with the false alarms to expect.',
    )
    .option('--from <run...>', 'these runs; all that ended well, when left out', [])
    .option('--since <duration>', 'how far back, like 7d', '7d')
    .addOption(asJson())
    .action((options: { from: readonly string[]; since: string; json: boolean }) =>
      finish(import('./commands/policy-suggest.ts').then(({ policySuggest }) => policySuggest(options))),
    );
  withReason(
    policy
      .command('promote')
      .description('What speaks for letting rules act: 0 ready, 1 not ready, 3 inconclusive. With --to, lets them.')
      .argument('[rule]', 'one rule; the whole policy, when left out')
      .addOption(
        new Option('--to <mode>', 'write it into the policy and put that in force').choices(['canary', 'enforce']),
      )
      .option('--percent <n>', 'of a canary: 10, 25, 50, 100 one after the other, when left out', toCount)
      .option('--policy <file>', 'which policy, where running jobs follow several')
      .option('--force', 'although the evidence does not suffice; needs a --reason', false),
  ).action((rule: string | undefined, options: PromoteWish) =>
    finish(import('./commands/policy-promote.ts').then(({ policyPromote }) => policyPromote(rule, options))),
  );
  policy
    .command('signals')
    .description('All that a condition may speak of, with unit and meaning.')
    .addOption(asJson())
    .action((options: { json: boolean }) =>
      finish(import('./commands/policy-words.ts').then(({ policySignals }) => policySignals(options))),
    );
  policy
    .command('schema')
    .description('The JSON schema of a policy, for editors.')
    .action(() =>
      finish(import('./commands/policy-words.ts').then(({ policySchemaCommand }) => policySchemaCommand())),
    );
};
