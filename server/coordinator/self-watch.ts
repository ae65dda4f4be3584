import type { FactBody } from '#protocol/facts';
import type { Clock } from '#runtime/clock';

const lookEveryMs = 200;
/** Less is what a busy machine does to everybody. */
const stallMs = 1_000;
const blockedForMs = 2_000;

/** Tells when this very thread stood still: nothing was begun, ended or adopted meanwhile, whatever the reason. */
export const createSelfWatch = (parts: {
  readonly clock: Clock;
  readonly say: (body: FactBody) => void;
}): { start(): void; stop(): void } => {
  const { clock, say } = parts;
  let cancel = (): void => undefined;
  let lookedAtMs = 0;

  const look = (): void => {
    const lateMs = Math.round(clock.mono() - lookedAtMs - lookEveryMs);
    if (lateMs >= stallMs) say({ kind: 'daemon-stalled', pid: process.pid, stalledMs: lateMs });
    next();
  };
  const next = (): void => {
    lookedAtMs = clock.mono();
    cancel = clock.after(lookEveryMs, look);
  };
  return { start: next, stop: () => cancel() };
};

/** A fault switch for tests: the coordinator stands still for two seconds. */
export const standStill = async (): Promise<void> => {
  setImmediate(() => {
    for (const endMs = performance.now() + blockedForMs; performance.now() < endMs; );
  });
};
