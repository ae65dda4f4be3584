import type { z } from 'zod';
import { nearestName } from './nearest-name.ts';
import type { Problem } from './problem.ts';
import type { Path, YamlSource } from './yaml-source.ts';

/** What the schema found wrong, told at the key or value that has to change. */
export const schemaProblems = (issues: readonly z.core.$ZodIssue[], source: YamlSource, schema: object): Problem[] =>
  issues.slice(0, 20).flatMap((issue) => explain({ issue, base: [] }, source, schema));

interface Placed {
  readonly issue: z.core.$ZodIssue;
  readonly base: Path;
}

const explain = ({ issue, base }: Placed, source: YamlSource, schema: object): Problem[] => {
  const at = [...base, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const near = nearestName(key, keysAt(schema, at));
        const hint = near === null ? '' : `. Did you mean ${near}?`;
        return source.problem([...at, key], `unknown key "${key}"${inside(at)}${hint}`, { key: true });
      });
    case 'invalid_union': {
      const branch = closestBranch(issue.errors);
      if (branch === null)
        return [
          source.problem(at, `${sayPath(at)}: not a value that fits here, got ${sayValue(valueAt(source.value, at))}`),
        ];
      return branch.flatMap((inner) => explain({ issue: inner, base: at }, source, schema));
    }
    default:
      return [source.problem(at, `${sayPath(at)}: ${sayIssue(issue, valueAt(source.value, at))}`)];
  }
};

/** The alternative that its author seems to have meant: the one that fits deepest. */
const closestBranch = (branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | null => {
  const depth = (issues: readonly z.core.$ZodIssue[]): number =>
    Math.max(
      ...issues.map(
        (issue) => issue.path.length * 2 + (issue.code === 'invalid_type' && issue.path.length === 0 ? -1 : 0),
      ),
    );
  return [...branches].filter((issues) => issues.length > 0).sort((a, b) => depth(b) - depth(a))[0] ?? null;
};

const sayIssue = (issue: z.core.$ZodIssue, value: unknown): string => {
  const got = `got ${sayValue(value)}`;
  if (value === undefined) return 'is missing';
  if (issue.message.startsWith('expected ')) return `${issue.message}, ${got}`;
  if (issue.code === 'invalid_type') return `expected ${typeWords[issue.expected] ?? issue.expected}, ${got}`;
  if (issue.code === 'invalid_value') {
    const near = typeof value === 'string' ? nearestName(value, issue.values.map(String)) : null;
    return `expected ${issue.values.map(String).join(', ')}, ${got}${near === null ? '' : `. Did you mean ${near}?`}`;
  }
  if (issue.code === 'too_small')
    return `expected ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}, ${got}`;
  if (issue.code === 'too_big') return `expected at most ${issue.maximum}, ${got}`;
  return `${issue.message}, ${got}`;
};

const typeWords: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
};

const sayValue = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
};

const sayPath = (at: Path): string =>
  at.length === 0
    ? 'the policy'
    : at
        .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
        .join('')
        .replace(/^\./, '');
const inside = (at: Path): string => (at.length === 0 ? '' : ` in ${sayPath(at)}`);

/** The keys that the JSON schema knows at a place; a list of alternatives gives those of each. */
const keysAt = (schema: unknown, at: Path): readonly string[] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const alternatives: unknown = Reflect.get(schema, 'anyOf');
  if (Array.isArray(alternatives)) return alternatives.flatMap((one) => keysAt(one, at));
  const properties: unknown = Reflect.get(schema, 'properties');
  const [step, ...rest] = at;
  if (typeof step === 'number') return keysAt(Reflect.get(schema, 'items'), rest);
  if (typeof properties !== 'object' || properties === null) return [];
  return step === undefined ? Object.keys(properties) : keysAt(Reflect.get(properties, step), rest);
};

const valueAt = (value: unknown, at: Path): unknown =>
  at.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  );
