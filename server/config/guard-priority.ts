import { readFileSync } from 'node:fs';

/** Nine times the share of a usual thread: enough to act within a storm, too little to crowd out jobs that print a lot. */
export const guardPriority = -10;

/** Whether a guard that this user starts may go before its jobs. */
export const mayGoFirst = (): boolean => process.getuid?.() === 0 || lowestNice() <= guardPriority;

/** The kernel counts the limit the other way around: 40 allows -20, and 0 allows nothing. */
const lowestNice = (): number => {
  try {
    const row = /^Max nice priority +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return 20 - Number(row?.[1] ?? 0);
  } catch {
    return 20; // no /proc, and no such limit
  }
};
