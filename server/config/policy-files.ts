import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { findExcess } from '#policy/source-bounds';
import type { PolicyText } from '#protocol/messages';
import type { PolicySource } from '#protocol/run-spec';

const MAX_FILES = 16;
/** Beyond this nobody wrote it, and even reading it takes a while; the compiler's own bound is tighter. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * A policy with all its parents, as text: what the threads compile, each for itself.
 * A parent is a name that ships, or a path relative to the file that names it.
 * @throws Error naming the file when one is missing or parents go round in a circle.
 */
export const readPolicyText = (source: PolicySource, policiesDir: string): PolicyText => {
  const first =
    source.kind === 'shipped' ? readShipped(source.name, policiesDir) : { path: source.path, text: source.text };
  const files = [first];
  for (let i = 0; i < files.length; i++) {
    const file = files[i];
    if (file === undefined) break;
    for (const parent of parentsOf(file.text)) {
      const next =
        parent.includes('/') || parent.endsWith('.yaml')
          ? readBeside(file.path, parent)
          : readShipped(parent, policiesDir);
      if (!files.some((known) => known.path === next.path)) files.push(next);
      if (files.length > MAX_FILES)
        throw new Error(`${first.path}: extends more than ${MAX_FILES} policies; do they name each other in a circle?`);
    }
  }
  const hash = createHash('sha256')
    .update(JSON.stringify(files.map((file) => file.text)))
    .digest('hex');
  return { name: source.kind === 'shipped' ? source.name : path.basename(source.path), hash, files };
};

/** The names that ship, for errors and completion. */
export const shippedPolicies = ['local-default', 'standard', 'agent-fleet'] as const;

const readShipped = (name: string, policiesDir: string): { path: string; text: string } => {
  if (!shippedPolicies.some((known) => known === name)) {
    throw new Error(
      `there is no shipped policy "${name}"; there are ${shippedPolicies.join(', ')}, or name a file with a path`,
    );
  }
  const file = path.join(policiesDir, `${name}.yaml`);
  return { path: `policies/${name}.yaml`, text: readFileSync(file, 'utf8') };
};

const readBeside = (child: string, parent: string): { path: string; text: string } => {
  const file = path.resolve(path.dirname(child), parent);
  return { path: file, text: readBounded(file) };
};

/** The same source with what lies in its file now. @throws Error naming the file when it cannot be read. */
export const rereadSource = (source: PolicySource): PolicySource =>
  source.kind === 'shipped' ? source : { ...source, text: readBounded(source.path) };

/** Where the texts of a policy lie on disk; shipped ones are named relative to the package. */
export const filesOf = (policy: PolicyText, policiesDir: string): readonly string[] =>
  policy.files.map(({ path: file }) => (path.isAbsolute(file) ? file : path.join(policiesDir, path.basename(file))));

/** `x.test.yaml` beside `x.yaml`; shipped policies were tested before they shipped. */
export const testFileOf = (policy: PolicyText): string | null => {
  const own = policy.files[0]?.path ?? '';
  return path.isAbsolute(own) ? own.replace(/(\.ya?ml)?$/, '.test.yaml') : null;
};

export const readTestBeside = (policy: PolicyText): { readonly path: string; readonly text: string } | null => {
  const file = testFileOf(policy);
  return file !== null && existsSync(file) ? { path: file, text: readBounded(file) } : null;
};

const readBounded = (file: string): string => {
  const { size } = statSync(file);
  if (size > MAX_BYTES)
    throw new Error(`${file}:1:1: a policy of ${Math.ceil(size / 1024)} KB was not written by a person`);
  return readFileSync(file, 'utf8');
};

const knownParents = new Map<string, readonly string[]>();
const mostKnown = 50;

/** Five hundred runs follow the same few texts: each is parsed once. */
const parentsOf = (text: string): readonly string[] => {
  const known = knownParents.get(text);
  if (known !== undefined) return known;
  const parents = parseParents(text);
  if (knownParents.size >= mostKnown) knownParents.clear();
  knownParents.set(text, parents);
  return parents;
};

/** Only names are looked at here; whether the file is a good policy is for the compiler to say, with line and column. */
const parseParents = (text: string): readonly string[] => {
  if (findExcess(text) !== null) return [];
  try {
    const document: unknown = parse(text, { maxAliasCount: 10 });
    const parents = typeof document === 'object' && document !== null && 'extends' in document ? document.extends : [];
    return Array.isArray(parents) ? parents.filter((name): name is string => typeof name === 'string') : [];
  } catch {
    /* not YAML: the compiler refuses it with its place */
    return [];
  }
};
