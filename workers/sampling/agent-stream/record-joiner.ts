import type { JsonRecord } from './json-record.ts';
import { stripAnsi } from './mask-volatile.ts';

// One record may be broken by raw newlines into a few lines; more than this is no record.
const maxPieces = 64;
const maxChars = 1024 * 1024;
// Each try parses all that is held; a record that several of its pieces seem to end is not one.
const maxTries = 8;

/** Finds records in lines: escape codes and words before one are passed over, a record split by raw newlines is joined. */
export const createRecordJoiner = (
  parse: (text: string) => JsonRecord | null,
  onRecord: (record: JsonRecord, atMs: number) => void,
  onText: (line: string, atMs: number) => void,
): { line(line: string, atMs: number): void } => {
  let held: string[] = [];
  let heldChars = 0;
  let tries = 0;

  const drop = (): void => {
    held = [];
    heldChars = 0;
    tries = 0;
  };
  const whole = (line: string): JsonRecord | null => {
    const start = line.startsWith('{') ? 0 : line.indexOf('{"');
    return start === -1 || !line.endsWith('}') ? null : parse(start === 0 ? line : line.slice(start));
  };
  const joined = (): JsonRecord | null => {
    tries++;
    return parse(held.join('\\n')) ?? parse(held.join(''));
  };

  return {
    line: (raw, atMs) => {
      const line = stripAnsi(raw).trim();
      const record = whole(line);
      if (record !== null) {
        drop();
        return onRecord(record, atMs);
      }
      if (held.length > 0 && !line.startsWith('{"')) {
        held.push(line);
        heldChars += line.length;
        const rejoined = line.endsWith('}') ? joined() : null;
        if (rejoined !== null || tries >= maxTries || held.length > maxPieces || heldChars > maxChars) drop();
        if (rejoined !== null) onRecord(rejoined, atMs);
        return;
      }
      if (line.startsWith('{"')) {
        drop();
        held = [line];
        heldChars = line.length;
        return;
      }
      onText(raw, atMs);
    },
  };
};
