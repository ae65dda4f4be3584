import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { isFileName, parentPath } from '#policy/lineage';
import { nearestName } from '#policy/nearest-name';
import { PolicyProblem, type Problem, problemAt } from '#policy/problem';
import { readYaml } from '#policy/yaml-source';
import type { PolicyText } from '#protocol/messages';
import type { PolicySource } from '#protocol/run-spec';
import { errorCode } from './error-code.ts';
import { glanceAt, patternsIn } from './policy-glance.ts';

const MAX_FILES = 16;
/** Beyond this nobody wrote it, and even reading it takes a while; the compiler's own bound is tighter. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * A policy with all its parents, as text: what the threads compile, each for itself.
 * A parent is a name that ships, or a path relative to the file that names it.
 * @throws PolicyProblem where a parent is named that cannot be read, @throws Error where the policy itself cannot be.
 */
export const readPolicyText = (source: PolicySource, policiesDir: string): PolicyText => {
  const first =
    source.kind === 'shipped' ? readShipped(source.name, policiesDir) : { path: source.path, text: source.text };
  const files = [first];
  for (let i = 0; i < files.length; i++) {
    const file = files[i];
    if (file === undefined) break;
    for (const [index, parent] of glanceAt(file.text).parents.entries()) {
      const wanted = parentPath(parent, file.path);
      if (files.some((known) => known.path === wanted)) continue;
      if (files.length === MAX_FILES)
        throw refusedParent(
          { child: file, index, files },
          `more than ${MAX_FILES} files; do they name each other in a circle?`,
        );
      try {
        files.push(isFileName(parent) ? { path: wanted, text: readBounded(wanted) } : readShipped(parent, policiesDir));
      } catch (cause) {
        const known = isFileName(parent) ? filesBeside(wanted, parent) : shippedPolicies;
        const wantedToo = isFileName(parent) ? [...files, { path: wanted, text: '' }] : files;
        throw refusedParent({ child: file, index, files: wantedToo }, sayUnreadable(parent, known, cause), cause);
      }
    }
  }
  const hash = createHash('sha256')
    .update(JSON.stringify(files.map((file) => file.text)))
    .digest('hex');
  const name = source.kind === 'shipped' ? source.name : path.basename(source.path);
  return { name, hash, files, patterns: patternsIn(files) };
};

type File = PolicyText['files'][number];

/** A parent that cannot be had, with all files that were looked for: once one of them is mended, it is worth another look. */
class ParentProblem extends PolicyProblem {
  readonly files: readonly File[];

  constructor(problem: Problem, { files, cause }: { readonly files: readonly File[]; readonly cause: unknown }) {
    super([problem], { cause });
    this.files = files;
  }
}

/** What a person named: a file, or a policy that ships. @throws Error that says what was expected where a file is not there. */
export const sourceNamed = (name: string): PolicySource =>
  isFileName(name)
    ? {
        kind: 'file',
        path: path.resolve(name),
        text: readNamed(name, `a policy, or one of ${shippedPolicies.join(', ')}`),
      }
    : { kind: 'shipped', name };

/**
 * A file that a person named.
 * @param expected what should lie there.
 * @throws Error that says so, with the name that may have been meant, where there is no such file.
 */
export const readNamed = (name: string, expected: string): string => {
  try {
    return readBounded(name);
  } catch (cause) {
    const code = errorCode(cause);
    if (code !== 'ENOENT' && code !== 'EISDIR') throw cause;
    const near = nearestName(name, filesBeside(path.resolve(name), name));
    const meant = near === null ? '' : ` Did you mean ${near}?`;
    const found = code === 'EISDIR' ? `${name} is a folder` : `there is no file ${name}`;
    throw new Error(`${found}; expected ${expected}.${meant}`, { cause });
  }
};

/** What was looked for before the policy turned out not to be readable. */
export const filesLookedFor = (cause: unknown): readonly File[] => (cause instanceof ParentProblem ? cause.files : []);

const refusedParent = (
  at: { readonly child: File; readonly index: number; readonly files: readonly File[] },
  message: string,
  cause?: unknown,
): Error => {
  const read = readYaml(at.child.text, at.child.path);
  const problem =
    read.kind === 'read'
      ? read.source.problem(['extends', at.index], message)
      : problemAt(at.child, { offset: 0, message });
  return new ParentProblem(problem, { files: at.files, cause });
};

const sayUnreadable = (parent: string, known: readonly string[], cause: unknown): string => {
  const isGone = !isFileName(parent) || errorCode(cause) === 'ENOENT';
  if (!isGone)
    return `the parent "${parent}" cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
  const near = nearestName(parent, known);
  if (near !== null) return `unknown parent "${parent}". Did you mean ${near}?`;
  return isFileName(parent)
    ? `unknown parent "${parent}": there is no such file`
    : `unknown parent "${parent}": there are ${shippedPolicies.join(', ')}, or name a file with a path`;
};

/** Policies in the folder of a parent that is not there, named as the parent was. */
const filesBeside = (wanted: string, parent: string): readonly string[] => {
  const folder = path.dirname(wanted);
  const prefix = parent.slice(0, parent.length - path.basename(parent).length);
  return existsSync(folder)
    ? readdirSync(folder).flatMap((name) => (/\.ya?ml$/.test(name) ? [`${prefix}${name}`] : []))
    : [];
};

/** What kept the files of a policy from being read, with its place where there is one. */
export const readingProblem = (cause: unknown) => {
  const [first = null] = cause instanceof PolicyProblem ? cause.problems : [];
  const problem = cause instanceof Error ? cause.message : String(cause);
  return { problem, line: first?.line ?? null, column: first?.column ?? null };
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

/** The same source with what lies in its file now. @throws Error naming the file when it cannot be read. */
export const rereadSource = (source: PolicySource): PolicySource =>
  source.kind === 'shipped' ? source : { ...source, text: readBounded(source.path) };

/** Where the texts of a policy lie on disk; shipped ones are named relative to the package. */
export const filesOf = (policy: Pick<PolicyText, 'files'>, policiesDir: string): readonly string[] =>
  policy.files.map(({ path: file }) => (path.isAbsolute(file) ? file : path.join(policiesDir, path.basename(file))));

/** `x.test.yaml` beside `x.yaml`; shipped policies were tested before they shipped. */
export const testFileOf = (policy: Pick<PolicyText, 'files'>): string | null => {
  const own = policy.files[0]?.path ?? '';
  return path.isAbsolute(own) ? testNameOf(own) : null;
};

/** The tests of a policy that lies in this file. */
export const testNameOf = (file: string): string => file.replace(/(\.ya?ml)?$/, '.test.yaml');

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
