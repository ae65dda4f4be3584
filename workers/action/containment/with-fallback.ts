import { codeOf } from '../process-identity.ts';
import type { Boundary } from './membership.ts';

interface Fallen {
  readonly to: Boundary;
  readonly why: string;
}

/** Uses `primary` until the operating system refuses it, and what `openNext` opens from then on. */
export const withFallback = (
  primary: Boundary,
  options: {
    readonly openNext: () => Boundary /** Why not even to begin with `primary`. */;
    readonly refused: string | null;
  },
): Boundary => {
  const { openNext, refused } = options;
  let fallen: Fallen | null = refused === null ? null : { to: openNext(), why: refused };

  const ask = async <T>(question: (boundary: Boundary) => Promise<T>): Promise<T> => {
    if (fallen === null) {
      try {
        return await question(primary);
      } catch (cause) {
        if (codeOf(cause) === '' || !(cause instanceof Error)) throw cause;
        fallen = { to: openNext(), why: `${primary.level()} can no longer be used: ${cause.message}` };
      }
    }
    return question(fallen.to);
  };

  return {
    level: () => (fallen?.to ?? primary).level(),
    fallback: () => fallen && { from: primary.level(), to: fallen.to.level(), why: fallen.why },
    members: () => ask((boundary) => boundary.members()),
    signal: (signal) => ask((boundary) => boundary.signal(signal)),
    freeze: () => ask((boundary) => boundary.freeze()),
    thaw: () => ask((boundary) => boundary.thaw()),
    isFrozen: () => ask((boundary) => boundary.isFrozen()),
    findLeft: () => ask((boundary) => boundary.findLeft()),
    kill: (deadlineMs) => ask((boundary) => boundary.kill(deadlineMs)),
    isEmpty: () => ask((boundary) => boundary.isEmpty()),
    release: () => primary.release(),
  };
};
