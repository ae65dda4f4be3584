import { readFileSync } from 'node:fs';

/** Nine times the share of a usual thread: enough to act within a storm, too little to crowd out jobs that print a lot. */
export const guardPriority = -10;

/** Whether a guard that is started here may go before its jobs. Root in a container may lack the right. */
export const mayGoFirst = (): boolean => {
  const status = readOwn('status');
  if (status === '') return process.getuid?.() === 0;
  const held = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  // The kernel counts the limit the other way around: 40 allows -20, and 0 allows nothing.
  const lowest = 20 - Number(/^Max nice priority +(\d+)/m.exec(readOwn('limits'))?.[1] ?? 0);
  return ((held >> sysNice) & 1n) === 1n || lowest <= guardPriority;
};

/** The number of CAP_SYS_NICE. */
const sysNice = 23n;

const readOwn = (name: string): string => {
  try {
    return readFileSync(`/proc/self/${name}`, 'latin1');
  } catch {
    return ''; // no /proc
  }
};
