import path from 'node:path';
import { type FSWatcher, watch } from 'chokidar';

/** Tells when one of the followed files was saved, replaced or removed. */
export interface PolicyWatch {
  /** From now on exactly these. */
  follow(files: readonly string[]): void;
  close(): Promise<void>;
}

interface Folder {
  readonly watcher: FSWatcher;
  readonly files: string;
}

/** Editors replace files as often as they write them, so it is the folder that is watched. */
export const watchPolicies = (onChange: (file: string) => void): PolicyWatch => {
  const folders = new Map<string, Folder>();

  const open = (folder: string, files: readonly string[]): Folder => {
    const wanted = new Set(files);
    const watcher = watch(folder, {
      depth: 0,
      ignoreInitial: true,
      ignored: (file) => path.resolve(file) !== folder && !wanted.has(path.resolve(file)),
    });
    watcher.on('all', (_event, file) => {
      if (wanted.has(path.resolve(file))) onChange(path.resolve(file));
    });
    watcher.on('error', () => undefined); // the folder went: SIGHUP and `policy apply` still reload
    // What was saved while the watch was being set up is looked at once.
    watcher.on('ready', () => {
      for (const file of wanted) onChange(file);
    });
    return { watcher, files: files.join('\n') };
  };

  return {
    follow: (files) => {
      const wanted = byFolder(files);
      for (const [folder, known] of folders) {
        if (wanted.get(folder)?.join('\n') === known.files) continue;
        folders.delete(folder);
        void known.watcher.close();
      }
      for (const [folder, its] of wanted) if (!folders.has(folder)) folders.set(folder, open(folder, its));
    },
    close: async () => {
      await Promise.all([...folders.values()].map(({ watcher }) => watcher.close()));
      folders.clear();
    },
  };
};

const byFolder = (files: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const folders = new Map<string, string[]>();
  for (const file of [...new Set(files)].sort()) {
    const folder = path.dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return folders;
};
