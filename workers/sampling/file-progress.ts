import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ProgressMark } from '#protocol/observations';

/** Looks, now and then, whether the files of a working directory move forward. */
export interface FileProgress {
  /** Looks once; the marks are of what changed since the look before. */
  look(atMs: number): Promise<readonly ProgressMark[]>;
}

interface Seen {
  looks: number;
  readonly sizes: Set<number>;
}

/** More entries than this, and the directory is somebody's home or a data lake: nothing can be said of it. */
const entriesAtMost = 300;
const rememberedSizes = 16;

// What a job writes while it only talks, waits or retries.
const chatter =
  /(?:^\.|^core(?:\.\d+)?$|^nohup\.out$|^__pycache__$|^node_modules$|^(?:tmp|temp|logs?|cache)$|~$|\.(?:log|out|err|txt|trace|jsonl|ndjson|tmp|temp|swp|pid|lock|sock)(?:\.\d+)?(?:\.gz)?$|-(?:wal|journal|shm)$)/i;

/**
 * Progress is a new file that stays, or a file of a size it never had. Not: logs and what rewrites itself, links,
 * hidden files, and what lies under `exclude` (FlowForge's own home).
 */
export const createFileProgress = (cwd: string, exclude: string): FileProgress => {
  const seen = new Map<string, Seen>();
  let isFirst = true;
  let isHuge = false;

  const judge = (name: string, size: number): boolean => {
    const before = seen.get(name);
    if (before === undefined) {
      // The size of a file counts as known from its first look on: only that it stays is news at the second.
      seen.set(name, { looks: isFirst ? 2 : 1, sizes: new Set([size]) });
      return false;
    }
    const isNews = before.looks === 1 ? size > 0 : !before.sizes.has(size);
    before.looks++;
    if (before.sizes.size < rememberedSizes) before.sizes.add(size);
    else if (isNews) {
      const [oldest] = before.sizes;
      if (oldest !== undefined) before.sizes.delete(oldest);
      before.sizes.add(size);
    }
    return isNews;
  };

  return {
    look: async (atMs) => {
      if (isHuge || isTooWide(cwd, exclude)) return [];
      const found = await list(cwd, exclude);
      if (found === null) {
        isHuge = true;
        seen.clear();
        return [];
      }
      const names = new Set(found.map((entry) => entry.name));
      for (const name of seen.keys()) if (!names.has(name)) seen.delete(name);
      const changed = found.filter((entry) => judge(entry.name, entry.size)).length;
      isFirst = false;
      return changed === 0
        ? []
        : [
            {
              atMs,
              source: 'files',
              sharePct: null,
              detail: `${changed} ${changed === 1 ? 'file' : 'files'} new or changed`,
            },
          ];
    },
  };
};

const isTooWide = (cwd: string, home: string): boolean =>
  cwd === sep || cwd === '/tmp' || home === cwd || cwd.startsWith(home + sep);

/** null when there is too much. */
const list = async (cwd: string, exclude: string): Promise<{ name: string; size: number }[] | null> => {
  const found: { name: string; size: number }[] = [];
  let entries = 0;
  try {
    for await (const entry of await opendir(cwd)) {
      if (++entries > entriesAtMost) return null;
      const path = join(cwd, entry.name);
      if (chatter.test(entry.name) || path === exclude || !(entry.isFile() || entry.isDirectory())) continue;
      const stats = await lstat(path).catch(() => null /* gone between listing and looking */);
      if (stats !== null) found.push({ name: entry.name, size: measure(stats) });
    }
  } catch {
    /* the directory is gone or closed to us: then nothing in it speaks for the job */
    return [];
  }
  return found;
};

/** What stands for the content: of a directory its size and the directories in it, not its time, which any temporary file moves. */
const measure = (stats: Stats): number => (stats.isDirectory() ? stats.size + stats.nlink : stats.size);
