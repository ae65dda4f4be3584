import { type Command, Option } from 'commander';
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
    .argument('<file...>')
    .addOption(asJson())
    .action((files: readonly string[], options: { json: boolean }) =>
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
    .description('Every switch, refusal and hold, newest first.')
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
    .description('What differs between two policies of the history; the last switch, when none is named.')
    .argument('[from]', 'the beginning of a hash')
    .argument('[to]', 'the beginning of a hash')
    .action((from: string | undefined, to: string | undefined) =>
      finish(import('./commands/policy-live.ts').then(({ policyDiff }) => policyDiff(from, to))),
    );
};
