import type { RunId } from '#protocol/ids';
import type { DaemonLink } from './daemon-link.ts';

export interface SignalForwarding {
  /** Resolves when the job is to be left alone: the terminal is gone, or its user insists. */
  readonly detached: Promise<'detached'>;
  stop(): void;
}

const reasons = { SIGINT: 'Ctrl-C in the attached terminal', SIGTERM: 'SIGTERM to the attached command' } as const;

/**
 * Ctrl-C stops the run through the daemon; a second one without grace; a third leaves the job and goes. A hangup leaves
 * the job at once: losing the terminal does not lose it. A reader of our output that went away counts as Ctrl-C, as it
 * would end a command by SIGPIPE.
 */
export const forwardSignals = ({
  runId,
  link,
}: {
  readonly runId: () => RunId;
  readonly link: DaemonLink;
}): SignalForwarding => {
  let asked = 0;
  let leave: (left: 'detached') => void = () => undefined;
  const detached = new Promise<'detached'>((resolve) => {
    leave = resolve;
  });
  const stopRun = (reason: string): void => {
    asked += 1;
    if (asked > 2) {
      leave('detached');
      return;
    }
    const body = asked === 1 ? { reason } : { reason: `${reason}, again`, graceMs: 0 };
    link
      .ask((client) => client.command(runId(), 'stop', body))
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        process.stderr.write(
          `flowforge: the stop was not taken: ${why}; again to stop without grace, a third time to leave the job running\n`,
        );
      });
  };
  const handlers = {
    SIGINT: () => stopRun(reasons.SIGINT),
    SIGTERM: () => stopRun(reasons.SIGTERM),
    SIGHUP: () => leave('detached'),
  } as const;
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE' && asked === 0) stopRun('the reader of its output went away');
  };
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  process.stdout.on('error', onOutputError);
  process.stderr.on('error', onOutputError);
  return {
    detached,
    stop: () => {
      for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
    },
  };
};
