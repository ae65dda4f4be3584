import { parseDurationMs } from './duration.ts';
import type { PolicyFile } from './policy-schema.ts';
import type { Path } from './yaml-source.ts';

/** Of a canary that does not say how many jobs it takes. */
export const usualCanaryPct = 10;

/** Finds the key in a file that says it; null where the file does not. */
export type Locate = (policy: PolicyFile) => Path | null;

/** Where the files together ask for less than a floor has laid down: the keys that may have said it, and why it may not be. */
export interface Loosening {
  readonly at: readonly Locate[];
  readonly why: string;
}

export const inFile =
  (...path: readonly string[]): Locate =>
  (policy) =>
    valueAt(policy, path) === undefined ? null : path;

export const inRule =
  (id: string, ...keys: readonly string[]): Locate =>
  ({ rules = [] }) => {
    const index = rules.findIndex((rule) => rule.id === id);
    return valueAt(rules[index], keys) === undefined ? null : ['rules', index, ...keys];
  };

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  );

/** A dwell that nobody asks for is none at all: every other is longer. */
export const longer = (
  name: string,
  own: string | undefined,
  floor: string | undefined,
  at: readonly Locate[],
): readonly Loosening[] => {
  const [ownMs, floorMs] = [own, floor].map((text) => (text === undefined ? 0 : (parseDurationMs(text) ?? 0)));
  return (ownMs ?? 0) <= (floorMs ?? 0) ? [] : [{ at, why: `${name} is ${floor ?? 'nothing'}, ${own} is longer` }];
};

export const above = <T extends number | string>(
  name: string,
  own: T | undefined,
  floor: T | undefined,
  how: { readonly measure: (value: T) => number | null; readonly at: readonly Locate[] },
): readonly Loosening[] => {
  if (own === undefined || floor === undefined) return [];
  const [mine, most] = [how.measure(own), how.measure(floor)];
  return mine !== null && most !== null && mine > most
    ? [{ at: how.at, why: `${name} is ${floor}, ${own} is more` }]
    : [];
};
