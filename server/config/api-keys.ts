import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, linkSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigProblem } from './config.ts';
import { migrateLegacyNames, readAssignments } from './env-file.ts';
import { errorCode } from './error-code.ts';
import { makePrivateDirectory } from './make-directory.ts';

/** The key that the gateway asks for on its TCP port, and where it came from. */
export interface ApiKey {
  readonly key: string;
  readonly source: string;
  readonly created: boolean;
}

export interface KeyPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly packageRoot: string;
  readonly home: string;
}

const minKeyLength = 16;
const fileName = '.flowforge.env';
const variable = 'FLOWFORGE_API_KEY';

/**
 * The key that is there, or a new one: in the checkout, or in the home where the checkout cannot be written.
 * @throws ConfigProblem when a key file could have been planted or read by somebody else.
 */
export const loadApiKey = (places: KeyPlaces): ApiKey => findApiKey(places) ?? createIn(filesOf(places), places);

/** The key that is there; null where none is. Creates nothing. @throws ConfigProblem as `loadApiKey` does. */
export const findApiKey = (places: KeyPlaces): ApiKey | null => {
  const found = findSetting(variable, places);
  return found === null ? null : { key: checkLength(found.value, found.source), source: found.source, created: false };
};

/** One of our variables: the environment first, then `.flowforge.env` of the checkout, then of the home. */
export const findSetting = (
  name: `FLOWFORGE_${string}`,
  places: KeyPlaces,
): { readonly value: string; readonly source: string } | null => {
  const given = places.env[name];
  if (given !== undefined && given !== '') return { value: given, source: name };
  for (const file of filesOf(places)) {
    const text = readPrivateFile(file);
    const value = text === null ? undefined : readAssignments(migrateLegacyNames(text).text).get(name);
    if (value !== undefined && value !== '') return { value, source: file };
  }
  return null;
};

const filesOf = ({ packageRoot, home }: KeyPlaces): readonly string[] => [
  path.join(packageRoot, fileName),
  path.join(home, fileName),
];

const checkLength = (key: string, source: string): string => {
  if (key.length >= minKeyLength) return key;
  throw new ConfigProblem(
    `${source}: an API key needs at least ${minKeyLength} characters, this one has ${key.length}. Remove it and a good one is made`,
  );
};

/**
 * Null when there is no such file. A symbolic link, a foreign owner and a mode that lets others read are refused: the
 * key may be somebody else's choice, or no secret any more.
 */
export const readPrivateFile = (file: string): string | null => {
  const descriptor = openNoFollow(file, constants.O_RDONLY);
  if (descriptor === null) return null;
  try {
    const { mode, uid } = fstatSync(descriptor);
    const me = process.getuid?.() ?? uid;
    if (uid !== me)
      throw new ConfigProblem(`${file}: belongs to user ${uid}, not to you (${me}). Remove it, then run this again`);
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      throw new ConfigProblem(
        `${file}: has mode ${shown}, so others may have read the key. Run: chmod 600 ${file} (or remove it for a new key)`,
      );
    }
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
};

const createIn = (files: readonly string[], places: KeyPlaces): ApiKey => {
  const key = randomBytes(32).toString('base64url');
  const refusals: string[] = [];
  for (const file of files) {
    try {
      makePrivateDirectory(path.dirname(file));
      writePrivateFile(file, `${variable}=${key}\n`);
      return { key, source: file, created: true };
    } catch (error) {
      // Another flowforge was faster: its key is the key.
      if (errorCode(error) === 'EEXIST') return loadApiKey(places);
      refusals.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new ConfigProblem(`no API key could be kept: ${refusals.join('; ')}. Set ${variable} in the environment`);
};

/** Adds to the file or creates it whole: nobody ever reads half a key, and a file or link that is there is never written through. */
const writePrivateFile = (file: string, text: string): void => {
  if (readPrivateFile(file) !== null) {
    const descriptor = openNoFollow(file, constants.O_WRONLY | constants.O_APPEND);
    if (descriptor === null) throw new ConfigProblem(`${file}: vanished while it was being written`);
    writeFileSync(descriptor, text);
    closeSync(descriptor);
    return;
  }
  const partial = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(partial, text, { flag: 'wx', mode: 0o600 });
  try {
    linkSync(partial, file);
  } finally {
    unlinkSync(partial);
  }
};

const openNoFollow = (file: string, flags: number): number | null => {
  try {
    return openSync(file, flags | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code === 'ELOOP')
      throw new ConfigProblem(`${file}: is a symbolic link. A key file must be a plain file; remove the link`);
    throw new ConfigProblem(`${file}: cannot be opened (${String(code)})`, { cause: error });
  }
};
