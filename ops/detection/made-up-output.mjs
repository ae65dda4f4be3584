// Made-up output of a known size: timestamped lines of 100 bytes that all differ, or something hostile.
const words = [
  'accepted',
  'order',
  'stored',
  'parcel',
  'measured',
  'river',
  'folded',
  'paper',
  'opened',
  'window',
  'painted',
  'garden',
];
const lineOf = (index) => {
  const at = new Date(Date.UTC(2030, 0, 2) + index * 3).toISOString();
  const word = (offset) => words[(index * 7 + offset * 5 + (index >>> 5)) % words.length];
  const text = `${at} INFO unit-${index % 16} ${word(1)} ${word(2)} ${index} for tenant ${word(3)} at step ${(index * 31) % 9973} ${word(4)}`;
  return `${text.padEnd(99, '.').slice(0, 99)}\n`;
};

let state = 88172645;
const randomByte = () => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state & 255;
};

/** Pieces of about a megabyte, `bytes` in all. */
export const pieces = function* (kind, count) {
  if (kind === 'log') {
    for (let from = 0; from < count; from += 10_000) {
      let text = '';
      for (let index = from; index < Math.min(count, from + 10_000); index++) text += lineOf(index);
      yield Buffer.from(text);
    }
    return;
  }
  const total = count * 100;
  const size = 1 << 20;
  for (let sent = 0; sent < total; sent += size) {
    if (kind === 'equal')
      yield Buffer.from('the very same line, over and over, until somebody says stop\n'.repeat(17_000));
    else if (kind === 'random') yield Buffer.from(Uint8Array.from({ length: size }, randomByte));
    else if (kind === 'long') yield Buffer.alloc(size, 'abcdefghij klmnop 0123456789 ');
    else if (kind === 'json') yield Buffer.from(`${'{"a":['.repeat(20_000)}1${']}'.repeat(20_000)}\n`.repeat(6));
    else throw new Error(`unknown kind ${kind}: log, equal, random, long or json`);
  }
};
