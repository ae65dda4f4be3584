/** Something a person can mend: what happened, what to do, and the exit code it ends with. */
export class CliProblem extends Error {
  override readonly name = 'CliProblem';
  readonly hint: string;
  readonly exitCode: number;

  constructor(
    message: string,
    rest: { readonly hint?: string; readonly exitCode?: number; readonly cause?: unknown } = {},
  ) {
    super(message, rest.cause === undefined ? {} : { cause: rest.cause });
    this.hint = rest.hint ?? '';
    this.exitCode = rest.exitCode ?? 1;
  }
}

/** As in coreutils `timeout`: FlowForge itself failed, and the command was not run. */
export const ownFailureExitCode = 125;
/** A policy, a limit or a budget ended the job. */
export const stoppedExitCode = 124;
export const usageExitCode = 2;
