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
}

const policyShape = z.object({
  name: z.string(),
  hash: z.string(),
  files: z.array(z.object({ path: z.string(), text: z.string() })).min(1),
  // Those kept by an earlier version have none: it refused them.
  patterns: z.array(z.string()).default([]),
});

export const openPolicyStore = (home: string): PolicyStore => {
  const directory = path.join(home, 'policies');
  const fileOf = (hash: string): string => path.join(directory, `${hash}.json`);
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
    find: (hash) => (/^[0-9a-f]{64}$/.test(hash) && existsSync(fileOf(hash)) ? parsePolicyFile(fileOf(hash)) : null),
  };
};

const parsePolicyFile = (file: string): PolicyText | null => {
  try {
    const parsed = policyShape.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // gone between the two looks, or not JSON: the caller says that it is not there
  }
};
