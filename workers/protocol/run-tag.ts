// Both limits stay between 400000 and 819199: under the kernel's default, so that lowering them needs no privilege, and
// high enough for POSIX message queues to work in the job. shim.sh computes the same pair.
const hardLimits = 219_200;
const softLimits = 200_000;
const lowestSoft = 400_000;
const lowestHard = 600_000;

/** Tags are whole numbers from 0 to one below this. */
export const tagCount = hardLimits * softLimits;

/** The soft and the hard RLIMIT_MSGQUEUE that stand for a tag; every descendant inherits them. */
export const limitsOfTag = (tag: number): { readonly soft: number; readonly hard: number } => ({
  soft: lowestSoft + (Math.floor(tag / hardLimits) % softLimits),
  hard: lowestHard + (tag % hardLimits),
});

/** The tag that two limits stand for; null when they were not set as a tag. */
export const tagOfLimits = (soft: number, hard: number): number | null => {
  const high = soft - lowestSoft;
  const low = hard - lowestHard;
  return high >= 0 && high < softLimits && low >= 0 && low < hardLimits ? high * hardLimits + low : null;
};
