// What tells a stale install or build from a current one. Sizes and times of files, not their content: a warm start must be cheap.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';

const sourcesOf = {
  server: {
    folders: ['server', 'workers', 'migrations', 'spec'],
    files: ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
  },
  client: { folders: ['client', 'workers/protocol'], files: ['package-lock.json'] },
};
const compiledFolders = ['server', 'workers', 'migrations', 'spec'];
const notSources = new Set(['node_modules', 'dist', '.svelte-check']);

/** An addon is bound to the lock file, Node's ABI and the machine; any change of these asks for a new install. */
export const hashOfInstall = (root) =>
  createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .update(`${process.versions.modules} ${process.platform} ${process.arch}`)
    .digest('hex');

export const hashOfSources = (root, part) => {
  const hash = createHash('sha256');
  for (const folder of sourcesOf[part].folders) for (const line of linesOf(path.join(root, folder))) hash.update(line);
  for (const file of sourcesOf[part].files) hash.update(lineOf(path.join(root, file)));
  return hash.digest('hex');
};

function* linesOf(folder) {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (notSources.has(entry.name)) continue;
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* linesOf(file);
    else yield lineOf(file);
  }
}

const lineOf = (file) => {
  const { size, mtimeMs } = statSync(file);
  return `${file}\t${size}\t${mtimeMs}\n`;
};

/** The compiler never deletes: a spec that was removed would go on being run. */
export const pruneStaleOutput = async (root) => {
  for (const folder of compiledFolders) {
    for (const file of filesUnder(path.join(root, 'dist', folder))) {
      const source = path.relative(path.join(root, 'dist'), file).replace(/\.js(\.map)?$/, '.ts');
      if (!existsSync(path.join(root, source))) await rm(file, { force: true });
    }
  }
};

const filesUnder = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile() && /\.js(\.map)?$/.test(entry.name))
        .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    : [];
