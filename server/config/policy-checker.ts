import { Piscina } from 'piscina';
import type { PolicyCheck, PolicyToCheck } from './check-policy.ts';

/** Checks policies on a thread of their own, so that nobody who guards a job waits for a parser. */
export interface PolicyChecker {
  check(policy: PolicyToCheck): Promise<PolicyCheck>;
  close(): Promise<void>;
}

const deadlineMs = 20_000;
const idleMs = 120_000;

export const createPolicyChecker = (): PolicyChecker => {
  const pool = new Piscina<PolicyToCheck, PolicyCheck>({
    filename: new URL('./check-policy-task.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: idleMs,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  return {
    check: async (policy) => {
      try {
        return await pool.run(policy, { signal: AbortSignal.timeout(deadlineMs) });
      } catch (cause) {
        // A text that brings its thread down or holds it for ever is refused like any other.
        const why = cause instanceof Error ? cause.message : String(cause);
        const path = policy.policy.files[0]?.path ?? policy.policy.name;
        return { kind: 'refused', problem: `${path}:1:1: it cannot be checked: ${why}`, line: 1, column: 1 };
      }
    },
    close: () => pool.destroy(),
  };
};
