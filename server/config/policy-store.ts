import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { PolicyText } from '#protocol/messages';

/** Every policy that ever judged a run, by its hash: for rollback, replay and explanation. */
export interface PolicyStore {
  keep(policy: PolicyText): void;
  /** null where it was never kept, or is damaged. */
  find(hash: string): PolicyText | null;
  /** Every hash with the time at which its text judged for the first time, newest first. */
  list(): readonly { readonly hash: string; readonly sinceMs: number }[];
  /** What was rolled back, whether runs follow it or not, as it was told last; what cannot be read of it is told. */
  rolledBack(onLost: (problem: string) => void): readonly RolledBack[];
  keepRolledBack(policies: readonly RolledBack[]): void;
}

/** A text that judges the runs of a source instead of what lies in its files. */
export interface RolledBack {
  /** `file:PATH` or `shipped:NAME`. */
  readonly key: string;
  readonly policy: PolicyText;
  /** What lay in the files when they were looked at last. */
  readonly seen: string;
}

const policyShape = z.object({
  name: z.string(),
  hash: z.string(),
  files: z.array(z.object({ path: z.string(), text: z.string() })).min(1),
  // Those kept by an earlier version have none: it refused them.
  patterns: z.array(z.string()).default([]),
});

const rolledBackShape = z.array(z.object({ key: z.string(), hash: z.string(), seen: z.string() }));

export const openPolicyStore = (home: string): PolicyStore => {
  const directory = path.join(home, 'policies');
  const rolledBackFile = path.join(directory, 'rolled-back.json');
  const fileOf = (hash: string): string => path.join(directory, `${hash}.json`);
  const find = (hash: string): PolicyText | null =>
    /^[0-9a-f]{64}$/.test(hash) && existsSync(fileOf(hash)) ? readShaped(fileOf(hash), policyShape) : null;
  const toldLast = (): string => (existsSync(rolledBackFile) ? readFileSync(rolledBackFile, 'utf8') : '[]');
  let told: string | null = null;
  return {
    keep: (policy) => {
      if (existsSync(fileOf(policy.hash))) return;
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const fresh = `${fileOf(policy.hash)}.${process.pid}`;
      writeFileSync(fresh, JSON.stringify(policy), { mode: 0o600 });
      renameSync(fresh, fileOf(policy.hash));
    },
    list: () =>
      (existsSync(directory) ? readdirSync(directory) : [])
        .filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
        .map((name) => ({ hash: name.slice(0, 64), sinceMs: statSync(path.join(directory, name)).mtimeMs }))
        .sort((a, b) => b.sinceMs - a.sinceMs),
    find,
    rolledBack: (onLost) => {
      const kept = existsSync(rolledBackFile) ? readShaped(rolledBackFile, rolledBackShape) : [];
      if (kept === null) onLost(`${rolledBackFile} cannot be read: what was rolled back is judged by its files again`);
      return (kept ?? []).flatMap(({ hash, ...rest }) => {
        const policy = find(hash);
        if (policy === null) onLost(`${rest.key} was rolled back to ${hash.slice(0, 8)}, whose text is lost`);
        return policy === null ? [] : [{ ...rest, policy }];
      });
    },
    keepRolledBack: (policies) => {
      const text = JSON.stringify(policies.map(({ key, policy, seen }) => ({ key, hash: policy.hash, seen })));
      told ??= toldLast();
      if (text === told) return;
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      writeFileSync(`${rolledBackFile}.${process.pid}`, text, { mode: 0o600 });
      renameSync(`${rolledBackFile}.${process.pid}`, rolledBackFile);
      told = text;
    },
  };
};

const readShaped = <T>(file: string, shape: z.ZodType<T>): T | null => {
  try {
    const parsed = shape.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // gone between the two looks, or not JSON: the caller says that it is not there
  }
};
