import { isAlive } from '#action/process-identity';
import { assertNever } from '#protocol/assert-never';
import type { FactBody } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import type { Clock } from '#runtime/clock';
import { type ExecFailedFile, type ExitFile, readExecFailedFile, readExitFile } from './run-files.ts';
import type { RunRecord } from './run-table.ts';

/** `not-executable`: the system took the file for a program and could not run it (a missing interpreter, a wrong format). */
export type RunEnd =
  | { readonly kind: 'exited'; readonly exit: ExitFile }
  | { readonly kind: 'not-executable'; readonly failure: ExecFailedFile }
  | { readonly kind: 'unknown'; readonly why: string };

/** How often a run without a child handle (adopted, or its shim died) is looked at. */
const LOOK_EVERY_MS = 150;
/** Between the death of the last of them and giving up on an exit file that may still be on its way. */
const LAST_CHANCE_MS = 400;

/**
 * Tells once how a run ended: from the exit file that its shim writes, whoever started that shim. When shim and job are
 * both gone and no file came, the end is unknown, and said to be.
 */
export const watchEnd = (record: RunRecord, clock: Clock, onEnd: (end: RunEnd) => void): void => {
  let told = false;
  let goneSinceMs: number | null = null;
  const tell = (end: RunEnd): void => {
    if (told) return;
    told = true;
    onEnd(end);
  };
  const look = (): void => {
    if (told) return;
    const exit = readExitFile(record.runDir);
    if (exit.kind === 'read') {
      const failed = readExecFailedFile(record.runDir);
      if (failed.kind === 'read') {
        tell({ kind: 'not-executable', failure: failed.value });
        return;
      }
      tell({ kind: 'exited', exit: exit.value });
      return;
    }
    if (exit.kind === 'damaged') {
      tell({ kind: 'unknown', why: exit.why });
      return;
    }
    const shimThere =
      record.shim === null
        ? record.shimIdentity !== null && isAlive(record.shimIdentity)
        : record.shim.exitCode === null && record.shim.signalCode === null;
    const jobThere = record.identity !== null && isAlive(record.identity);
    goneSinceMs = shimThere || jobThere ? null : (goneSinceMs ?? clock.mono());
    if (goneSinceMs !== null && clock.mono() - goneSinceMs > LAST_CHANCE_MS) {
      tell({ kind: 'unknown', why: 'its shim was killed, so its exit code is unknown' });
      return;
    }
    // The event of our own child saves the looking; without it (or once it came) we look ourselves.
    if (!(record.shim !== null && shimThere)) clock.after(LOOK_EVERY_MS, look);
  };
  record.shim?.once('exit', look);
  look();
};

/** The end as a fact. */
export const factOf = (runId: RunId, end: RunEnd): FactBody => {
  switch (end.kind) {
    case 'exited': {
      const { code, endedAtMs } = end.exit;
      return { kind: 'run-exited', runId, code, signal: signalOf(code), endedAtMs };
    }
    case 'not-executable':
      return { kind: 'run-start-failed', runId, ...end.failure };
    case 'unknown':
      return { kind: 'run-lost', runId, why: end.why };
    default:
      return assertNever(end);
  }
};

/** Of a code as a shell tells it: 128+n reads as signal n. */
const signalOf = (code: number): string | null => (code > 128 ? (signalNames[code - 128] ?? null) : null);

const signalNames: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
};
