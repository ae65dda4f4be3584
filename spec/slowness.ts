import { spawnSync } from 'node:child_process';

/** The start of a program that does nothing, on two cores that nobody else wants. */
const usualStartMs = 120;
const most = 4;

/**
 * How many times longer than usual things take just now, because other programs want the cores or the machine is throttled.
 * What is promised in milliseconds is promised for a machine to itself. A promise missed by more than `most` times is broken.
 */
export const slowness = (): number => {
  const startsMs = [1, 2, 3].map(() => {
    const beganMs = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    return performance.now() - beganMs;
  });
  return Math.min(most, Math.max(1, Math.max(...startsMs) / usualStartMs));
};
