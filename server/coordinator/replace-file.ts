import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** By write and rename, so that nobody ever reads half a policy; a link stays a link, and the mode stays. */
export const replaceFile = (path: string, text: string): void => {
  const file = realpathSync(path);
  const fresh = `${file}.flowforge-${process.pid}`;
  try {
    writeFileSync(fresh, text, { mode: statSync(file).mode, flush: true });
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
};
