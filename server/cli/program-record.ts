import { type Command, Option } from 'commander';
import type { Finish } from './program-run.ts';

/** Commands about the record itself. */
export const addRecord = (program: Command, finish: Finish): void => {
  const asJson = (): Option => new Option('--json', 'one JSON value, for programs').default(false);
  program
    .command('verify')
    .description('Read the whole record: chain, counts, survivors (exit code 1 and the first bad fact, where one is).')
    .addOption(asJson())
    .action((options: { json: boolean }) =>
      finish(import('./commands/record.ts').then(({ verifyCommand }) => verifyCommand(options))),
    );
  program
    .command('backup')
    .description(
      'Copy the record to a new file while everything goes on. To restore: copy it to flowforge.db.restore in the home, then `flowforge daemon restart`; what is there now is kept.',
    )
    .argument('<file>', 'must not exist yet')
    .addOption(asJson())
    .action((file: string, options: { json: boolean }) =>
      finish(import('./commands/record.ts').then(({ backupCommand }) => backupCommand(file, options))),
    );
};
