import { readFileSync } from 'node:fs';
import { isRunning } from '../e2e/flowforge.ts';
import type { GuardedHome } from './guarded-home.ts';

/** Ends keeper and daemon at once, as a crash of the machine would. */
export const crashAll = async (home: GuardedHome): Promise<void> => {
  const { pid } = await home.status();
  const keeper = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  for (const one of [keeper, Number(pid)]) process.kill(one, 'SIGKILL');
  await home.forge.until('both to be gone', async () => !isRunning(Number(pid)) && !isRunning(keeper));
};
