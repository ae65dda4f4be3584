// Rewrites the golden files. Read their diff like code.
import './require-node.mjs';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureReady } from './ensure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const readied = await ensureReady({ root });
if (readied.kind === 'failed') throw new Error(readied.problem);
const { referencePages } = await import('./reference-pages.mjs');
for (const [file, text] of Object.entries(referencePages())) {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
  console.log(file);
}
