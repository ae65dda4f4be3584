import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for each test of the suite that calls this, gone after it. */
export const temporaryDirectory = (): { readonly path: string } => {
  let path = '';
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'flowforge-sampling-'));
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
  };
};
