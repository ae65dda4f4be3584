import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Of the package that this command runs from. */
export const readVersion = (packageRoot: string): string => {
  const manifest: unknown = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
};
