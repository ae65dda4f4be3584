import path from 'node:path';
import type { PolicyText } from '#protocol/messages';
import { nearestName } from './nearest-name.ts';
import { type PolicyResult, parsePolicy } from './parse-policy.ts';
import { PolicyProblem } from './problem.ts';

export type Parsed = Extract<PolicyResult, { kind: 'parsed' }>;
type Files = PolicyText['files'];

/** A file of a policy with all that it stands on, oldest first. */
export interface Kin extends Parsed {
  readonly ancestors: readonly Parsed[];
}

const deepestLineage = 8;

/** What looks like a path is a file; every other name is one that ships. */
export const isFileName = (name: string): boolean => name.includes('/') || /\.ya?ml$/.test(name);

/** The path of a parent, as the texts of a policy are kept under: beside the file that names it, or among the shipped. */
export const parentPath = (name: string, child: string): string =>
  isFileName(name)
    ? path.isAbsolute(name)
      ? path.normalize(name)
      : path.join(path.dirname(child), name)
    : `policies/${name}.yaml`;

/**
 * Oldest first, the policy itself last; a parent that is named twice stands where it is named first.
 * @throws PolicyProblem where a parent is missing or a policy extends itself.
 */
export const lineageOf = (own: Files[number], files: Files): readonly Kin[] => descend(own, files, []);

const descend = (file: Files[number], files: Files, below: readonly string[]): readonly Kin[] => {
  const parsed = parse(file);
  const parents = (parsed.policy.extends ?? []).flatMap((name, index) => {
    const refuse = (message: string): never => {
      throw new PolicyProblem([parsed.source.problem(['extends', index], message)]);
    };
    const wanted = parentPath(name, file.path);
    const parent = files.find((other) => other.path === wanted);
    if (parent === undefined) return refuse(unknownParent(name, { child: file.path, files }));
    if (parent.path === file.path || below.includes(parent.path))
      return refuse(`"${name}" extends this policy itself, by way of its parents`);
    if (below.length >= deepestLineage) return refuse(`more than ${deepestLineage} policies stand on one another`);
    return descend(parent, files, [...below, file.path]);
  });
  const distinct = parents.filter(
    (parent, index) => parents.findIndex((other) => other.source.path === parent.source.path) === index,
  );
  return [...distinct, { ...parsed, ancestors: distinct }];
};

const unknownParent = (name: string, { child, files }: { readonly child: string; readonly files: Files }): string => {
  const known = files.flatMap((file) => {
    if (file.path === child) return [];
    if (!isFileName(name)) return file.path.replace(/^policies\/|\.yaml$/g, '');
    return `./${path.relative(path.dirname(child), file.path)}`;
  });
  const near = nearestName(name, known);
  return `unknown parent "${name}"${near === null ? ': no such shipped policy or file' : `. Did you mean ${near}?`}`;
};

const parse = (file: Files[number]): Parsed => {
  const result = parsePolicy(file.text, file.path);
  if (result.kind === 'refused') throw new PolicyProblem(result.problems);
  return result;
};
