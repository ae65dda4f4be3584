import { randomFillSync } from 'node:crypto';
import { ulid } from 'ulid';

// Sixteen bytes go into each; asked for one by one they cost more than all else about an id.
const pool = new Uint8Array(4096);
let used = pool.length;

const fraction = (): number => {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return (pool[used++] ?? 0) / 256;
};

/** @param atMs of the time in it; now where it is left out. */
export const newUlid = (atMs?: number): string => ulid(atMs, fraction);
