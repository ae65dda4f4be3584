import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Extending } from './commands/budget.ts';
import type { Finish } from './program-run.ts';

const asJson = (): Option => new Option('--json', 'print JSON').default(false);
const toDollars = (text: string): number => {
  if (!/^\$?\d+(\.\d{1,6})?$/.test(text)) throw new InvalidArgumentError('expected dollars, like 2.50.');
  return Number(text.replace('$', ''));
};

const toTokens = (text: string): number => {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text) ?? [];
  const tokens = Math.round(Number(digits) * (scales[unit] ?? Number.NaN));
  if (!(tokens > 0)) throw new InvalidArgumentError('expected a count of tokens, like 5M, 200k or 1500.');
  return tokens;
};
const scales: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** What is said about an incident or to a job. */
export const addSaying = (program: Command, finish: Finish): void => {
  program
    .command('ack')
    .description('Say that an incident was seen, and whether its rule was right.')
    .argument('<incident>', 'its id, as `flowforge incidents` tells it')
    .option('--right', 'the rule was right', false)
    .addOption(new Option('--wrong', 'the rule was wrong').default(false).conflicts('right'))
    .option('-m, --message <text>', 'kept in the record', '')
    .action((incident: string, options: { right: boolean; wrong: boolean; message: string }) =>
      finish(import('./commands/say.ts').then(({ ackCommand }) => ackCommand(incident, options))),
    );
  program
    .command('nudge')
    .description('Leave a message where the job can read it: the file named by $FLOWFORGE_NUDGES.')
    .argument('<run>')
    .argument('<message>')
    .action((ref: string, message: string) =>
      finish(import('./commands/say.ts').then(({ nudgeCommand }) => nudgeCommand(ref, message))),
    );
  const budget = program.command('budget').description('What runs may spend, and what they have spent.');
  for (const verb of ['show', 'check'] as const)
    budget
      .command(verb)
      .description(
        verb === 'show'
          ? 'The budgets of one run, or of all that live and of the fleet.'
          : 'The same; exit code 1 where one is used up.',
      )
      .argument('[run]', '`fleet` for those of all jobs together')
      .addOption(asJson())
      .action((ref: string | undefined, options: { json: boolean }) =>
        finish(
          import('./commands/budget.ts').then(({ budgetShow }) =>
            budgetShow(ref, { ...options, check: verb === 'check' }),
          ),
        ),
      );
  budget
    .command('extend')
    .description('Add to a budget of a run, or of the fleet until its window ends; what it paused goes on.')
    .argument('<run>', '`fleet` for a budget of all jobs together')
    .argument('[dollars]', 'the step of the policy, when left out', toDollars)
    .option('--tokens <count>', 'tokens, like 5M, alone or beside dollars', toTokens)
    .option('--budget <id>', 'which, where the policy has several')
    .option('--reason <text>', 'kept in the record', '')
    .addOption(asJson())
    .action((ref: string, usd: number | undefined, options: Extending) =>
      finish(import('./commands/budget.ts').then(({ budgetExtend }) => budgetExtend(ref, usd, options))),
    );
};
