import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A private directory that is gone after the spec. */
export const withHome = async (tell: (home: string) => Promise<void>): Promise<void> => {
  const home = mkdtempSync(join(tmpdir(), 'flowforge-spec-'));
  try {
    await tell(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};
