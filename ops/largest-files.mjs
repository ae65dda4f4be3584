// The sources with the most lines: where the next split is due.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const folders = ['server', 'workers', 'migrations', 'client', 'ops'];
const isSource = (name) => /\.(ts|svelte|mjs|cjs|sh|css)$/.test(name);

export const largestFiles = (root, count) =>
  folders
    .filter((folder) => existsSync(path.join(root, folder)))
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true }).map((name) => path.join(folder, name)),
    )
    .filter((file) => isSource(file) && !file.includes('node_modules'))
    .map((file) => ({ file, lines: readFileSync(path.join(root, file), 'utf8').split('\n').length - 1 }))
    .sort((a, b) => b.lines - a.lines)
    .slice(0, count);
