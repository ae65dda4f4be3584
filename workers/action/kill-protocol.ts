import type { Survivor } from '#protocol/facts';
import type { ContainmentLevel, ProcessIdentity } from '#protocol/run-spec';
import type { Clock } from '#runtime/clock';
import { type Boundary, describeMembers, isLiving, keyOf, wait } from './containment/membership.ts';
import { isAlive, readBootId } from './process-identity.ts';

/** A step that was taken; said before the next one is. */
export type StopStep =
  | { readonly kind: 'frozen'; readonly processes: number }
  | { readonly kind: 'signalled'; readonly signal: 'SIGCONT' | 'SIGTERM' | 'SIGKILL'; readonly processes: number }
  | { readonly kind: 'fell-back'; readonly to: ContainmentLevel; readonly why: string };

export type StopOutcome =
  | { readonly kind: 'verified-empty'; readonly killed: number; readonly tookMs: number }
  | { readonly kind: 'incomplete'; readonly survivors: readonly Survivor[]; readonly tookMs: number };

export interface StopOptions {
  readonly boundary: Boundary;
  readonly identity: ProcessIdentity;
  /** Between SIGTERM and the boundary kill; 0 leaves SIGTERM out. */
  readonly graceMs: number;
  readonly clock: Clock;
  /** A fork storm is halted first and not asked politely. */
  readonly storm: boolean;
  readonly onStep: (step: StopStep) => Promise<void>;
}

/** From the boundary kill to the verdict. */
const verifyDeadlineMs = 2_000;
const longestPollMs = 50;

/**
 * Ends everything inside the boundary. Each step may be repeated, so after a crash the whole is simply done again.
 * "Verified empty" is said when nothing is left alive, never because a signal was sent.
 */
export const stopTree = async (options: StopOptions): Promise<StopOutcome> => {
  const { boundary, identity, clock, storm } = options;
  const beganMs = clock.mono();
  const tookMs = (): number => Math.round(clock.mono() - beganMs);
  // Nothing survives a reboot; whoever has these pids now is somebody else.
  if (identity.bootId !== readBootId()) return { kind: 'verified-empty', killed: 0, tookMs: tookMs() };

  const seen = new Set<string>();
  if (storm) await haltStorm(options);
  const living = await countLiving(boundary, seen);
  if (!storm && options.graceMs > 0 && living > 0) await askToEnd(options);
  const processes = await countLiving(boundary, seen);
  if (processes > 0) await options.onStep({ kind: 'signalled', signal: 'SIGKILL', processes });
  const survivors = await boundary.kill(verifyDeadlineMs);
  await tellFallback(options);
  const unproven = survivors.length === 0 ? outsider(identity) : [];
  const left = [...describeMembers(survivors), ...unproven].map(({ pid, command }) => ({ pid, command }));
  if (left.length > 0) return { kind: 'incomplete', survivors: left, tookMs: tookMs() };
  await boundary.release();
  return { kind: 'verified-empty', killed: seen.size, tookMs: tookMs() };
};

const haltStorm = async ({ boundary, onStep }: StopOptions): Promise<void> => {
  await boundary.freeze();
  await onStep({ kind: 'frozen', processes: (await boundary.members()).length });
};

/** SIGCONT first: a stopped process does not act on SIGTERM. Returns early when everybody has gone. */
const askToEnd = async (options: StopOptions): Promise<void> => {
  const { boundary, clock, onStep, graceMs } = options;
  const isHalted = (await boundary.isFrozen()) || (await boundary.members()).some((member) => member.isStopped);
  if (isHalted) {
    await boundary.thaw();
    await onStep({ kind: 'signalled', signal: 'SIGCONT', processes: await boundary.signal('SIGCONT') });
  }
  await onStep({ kind: 'signalled', signal: 'SIGTERM', processes: await boundary.signal('SIGTERM') });
  const untilMs = clock.mono() + graceMs;
  for (let pollMs = 5; !(await boundary.isEmpty()); pollMs = Math.min(pollMs * 2, longestPollMs)) {
    const leftMs = untilMs - clock.mono();
    if (leftMs <= 0) return;
    await wait(clock, Math.min(pollMs, leftMs));
  }
};

const countLiving = async (boundary: Boundary, seen: Set<string>): Promise<number> => {
  const living = (await boundary.members()).filter(isLiving);
  for (const member of living) seen.add(keyOf(member.identity));
  return living.length;
};

const tellFallback = async ({ boundary, onStep }: StopOptions): Promise<void> => {
  const fallback = boundary.fallback();
  if (fallback !== null) await onStep({ kind: 'fell-back', to: fallback.to, why: fallback.why });
};

/**
 * A main process that lives on outside an empty boundary was never proven to be ours: a forged pid file, or a job that
 * shook off every mark. Not touched, and not claimed to be gone.
 */
const outsider = (identity: ProcessIdentity): readonly Survivor[] =>
  isAlive(identity) ? [{ pid: identity.pid, command: `[pid ${identity.pid}, not provably of this run]` }] : [];
