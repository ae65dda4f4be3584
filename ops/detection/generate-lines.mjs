// usage: node ops/detection/generate-lines.mjs [--lines 2000000] [--kind log|equal|random|long|json] [--out FILE]
// Writes made-up output of a known size: timestamped lines of 100 bytes that all differ, or something hostile.

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { pieces } from './made-up-output.mjs';

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '2000000' },
    kind: { type: 'string', default: 'log' },
    out: { type: 'string' },
  },
});

const out = values.out === undefined ? process.stdout : createWriteStream(values.out);
for (const piece of pieces(values.kind, Number(values.lines))) if (!out.write(piece)) await once(out, 'drain');
if (values.out !== undefined) out.end();
