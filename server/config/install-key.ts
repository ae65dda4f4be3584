import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type ApiKey, type KeyPlaces, loadApiKey, readPrivateFile } from './api-keys.ts';
import { migrateLegacyNames } from './env-file.ts';

/** What the installer did to `.flowforge.env`, in sentences. */
export interface InstalledKey extends ApiKey {
  readonly notes: readonly string[];
}

/** For the installer: keeps an existing file, tightens its mode, gives old names their new ones, creates the key once. */
export const installKey = (places: KeyPlaces): InstalledKey => {
  const file = path.join(places.packageRoot, '.flowforge.env');
  const notes = existsSync(file) ? [...tighten(file), ...migrate(file)] : [];
  return { ...loadApiKey(places), notes };
};

const tighten = (file: string): readonly string[] => {
  if (lstatSync(file).isSymbolicLink()) return [];
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { mode, uid } = fstatSync(descriptor);
    if (uid !== process.getuid?.() || (mode & 0o077) === 0) return [];
    fchmodSync(descriptor, 0o600);
    return [
      `${file} was readable by others and is 0600 now; remove it and run this again if the key should be a new one`,
    ];
  } finally {
    closeSync(descriptor);
  }
};

const migrate = (file: string): readonly string[] => {
  const { text, renamed } = migrateLegacyNames(readPrivateFile(file) ?? '');
  if (renamed.length === 0) return [];
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, text, { flag: 'wx', mode: 0o600 });
  chmodSync(partial, 0o600);
  renameSync(partial, file);
  return [`renamed in ${file}: ${renamed.map((name) => `${name} to FLOWFORGE_*`).join(', ')}`];
};
