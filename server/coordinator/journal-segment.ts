import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { codeOf } from '#action/process-identity';

/** One file of the journal, written to its end. What the disk refuses waits in memory and is offered again. */
export interface Segment {
  readonly name: string;
  /** Lines that were begun with this segment open. */
  readonly lines: number;
  /** Never throws for want of room: a kill does not wait for the disk. */
  write(line: string, options: { readonly sync: boolean }): void;
  /** Why lines wait, or were refused at first since it was asked last: what took the reserve is told too. Null while none were. */
  takeTrouble(): string | null;
  /** Offers again what waits. True when nothing does any more. */
  flush(): boolean;
  close(): void;
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

const ballastName = 'ballast';
/** Room that is given up when the disk is full, so that the next minutes are still written down. */
const ballastBytes = 1024 * 1024;

/** @throws when the file cannot be made. */
export const createSegment = (dir: string, name: string, head: readonly string[]): Segment => {
  const fd = openSync(path.join(dir, name), 'ax', 0o600);
  let goodBytes = 0;
  let lines = 0;
  let waiting: string[] = [];
  let trouble: string | null = null;
  let refused: string | null = null;

  /** A line that was cut must not run into the next one. A disk that takes nothing took none of it either. */
  const cutOff = (): void => {
    try {
      ftruncateSync(fd, goodBytes);
    } catch (cause) {
      if (!noRoom.has(codeOf(cause))) throw cause;
    }
  };
  const put = (text: string): boolean => {
    const bytes = Buffer.from(text);
    try {
      const written = writeSync(fd, bytes);
      if (written < bytes.length) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
      goodBytes += bytes.length;
      return true;
    } catch (cause) {
      if (!noRoom.has(codeOf(cause))) throw cause;
      trouble = messageOf(cause);
      refused = trouble;
      cutOff();
      return false;
    }
  };
  const syncNow = (): void => {
    try {
      fdatasyncSync(fd);
    } catch (cause) {
      if (!noRoom.has(codeOf(cause))) throw cause;
      trouble = messageOf(cause);
    }
  };
  const putOrMakeRoom = (text: string): boolean => put(text) || (giveUpBallast(dir) && put(text));
  const flush = (): boolean => {
    if (waiting.length > 0 && putOrMakeRoom(waiting.join(''))) waiting = [];
    if (waiting.length > 0) return false;
    trouble = null;
    return true;
  };

  const text = head.map((line) => `${line}\n`).join('');
  if (!putOrMakeRoom(text)) {
    closeSync(fd);
    rmSync(path.join(dir, name));
    throw Object.assign(new Error(`there is no room for a new journal segment in ${dir}`), { code: 'ENOSPC' });
  }
  fdatasyncSync(fd);
  layBallast(dir);
  return {
    name,
    get lines() {
      return lines;
    },
    write: (line, { sync }) => {
      lines += 1;
      waiting.push(`${line}\n`);
      if (flush() && sync) syncNow();
    },
    takeTrouble: () => {
      const why = trouble ?? refused;
      refused = null;
      return why;
    },
    flush,
    close: () => closeSync(fd),
  };
};

const noRoom: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

const layBallast = (dir: string): void => {
  const file = path.join(dir, ballastName);
  if (existsSync(file)) return;
  try {
    writeFileSync(file, Buffer.alloc(ballastBytes, 1), { mode: 0o600 });
  } catch {
    rmSync(file, { force: true }); // no room for it now: the next segment tries again
  }
};

const giveUpBallast = (dir: string): boolean => {
  const file = path.join(dir, ballastName);
  if (!existsSync(file)) return false;
  try {
    rmSync(file);
    return true;
  } catch (cause) {
    if (!noRoom.has(codeOf(cause))) throw cause;
    return false; // read-only: there is no room to make
  }
};
