import { CommanderError } from 'commander';
import { resolvePaths } from '#config/paths';
import { untilTaken } from './output.ts';
import { CliProblem, ownFailureExitCode, usageExitCode } from './problem.ts';
import { buildProgram } from './program.ts';
import { readVersion } from './version.ts';

/** The door of the command line: every error ends here, as one sentence and one hint; nothing else ends the process. */
export const main = async (argv: readonly string[]): Promise<void> => {
  process.on('uncaughtException', (error) => process.exit(tell(error, argv)));
  // A reader that went away (`flowforge ps | head`) has what it wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' && argv[2] !== 'run') process.exit(0);
  });
  let exitCode = 0;
  try {
    const program = buildProgram(
      async (work) => {
        exitCode = await work;
      },
      readVersion(resolvePaths({}).packageRoot),
    );
    for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
      command.exitOverride();
    if (argv.length === 2) program.outputHelp();
    else await program.parseAsync([...argv]);
  } catch (error) {
    exitCode = tell(error, argv);
  }
  await untilTaken();
  process.exit(exitCode);
};

const tell = (error: unknown, argv: readonly string[]): number => {
  const isRun = argv[2] === 'run';
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : isRun ? ownFailureExitCode : usageExitCode;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`flowforge: ${message}\n`);
  if (error instanceof CliProblem && error.hint !== '') process.stderr.write(`  next: ${error.hint}\n`);
  if (process.env.FLOWFORGE_DEBUG === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (isRun) return ownFailureExitCode;
  return error instanceof CliProblem ? error.exitCode : 1;
};
