import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { keptFileOf } from '#protocol/output-index';

/** More than this is not copied while a job is halted. */
const mostKeptBytes = 256 * 1024 * 1024;
const chunkBytes = 1024 * 1024;
const headerBytes = 64;
const blockBytes = 512;

/**
 * Gives the head of a file back where the file system punches no holes: what stays is copied beside it, the file is
 * emptied, set to its length again, which costs no block, and what stays is written back to where it was. Offsets stay
 * true. Nobody may write to the file meanwhile. @returns why it could not be done; null when it was.
 */
export const cutHead = (file: string, upTo: number): string | null => {
  try {
    recoverCut(file);
    if (!keepsHoles(`${file}.probe`)) return 'and its file system has no sparse files';
    const why = beginCut(file, upTo);
    if (why === null) finishCut(file);
    return why;
  } catch (cause) {
    setAside(file);
    return cause instanceof Error ? cause.message : String(cause);
  }
};

/**
 * Goes on where a cut was broken off: before the copy had its name nothing was changed, after it the copy has all that
 * is missing. A file of full length holds it already, and may have grown since.
 */
export const recoverCut = (file: string): void => {
  const kept = keptFileOf(file);
  rmSync(`${kept}.tmp`, { force: true });
  if (!existsSync(kept)) return;
  const copy = openSync(kept, 'r');
  const log = openSync(file, 'r');
  const isWhole = fstatSync(log).size >= readHeader(copy).size;
  closeSync(copy);
  closeSync(log);
  if (isWhole) rmSync(kept);
  else finishCut(file);
};

/** What cannot be put back is not waited for: it lies beside the log for whoever wants it. */
export const setAside = (file: string): void => {
  const kept = keptFileOf(file);
  rmSync(`${kept}.tmp`, { force: true });
  if (existsSync(kept)) renameSync(kept, `${kept}.broken`);
};

/** Copies what stays. Only the name makes the copy count. */
export const beginCut = (file: string, upTo: number): string | null => {
  const kept = keptFileOf(file);
  const log = openSync(file, 'r');
  try {
    const { size } = fstatSync(log);
    if (size < upTo) return 'it was truncated meanwhile';
    if (size - upTo > mostKeptBytes) return 'too much of it is not read yet';
    const copy = openSync(`${kept}.tmp`, 'w', 0o600);
    try {
      writeSync(copy, `${upTo} ${size}`.padEnd(headerBytes));
      copyRange({ from: log, at: upTo, length: size - upTo }, { to: copy, at: headerBytes });
      fsyncSync(copy);
    } finally {
      closeSync(copy);
    }
    renameSync(`${kept}.tmp`, kept);
    return null;
  } finally {
    closeSync(log);
  }
};

/** May be done again from its beginning. */
const finishCut = (file: string): void => {
  const kept = keptFileOf(file);
  const copy = openSync(kept, 'r');
  const log = openSync(file, 'r+');
  try {
    const { upTo, size } = readHeader(copy);
    ftruncateSync(log, 0);
    ftruncateSync(log, upTo);
    copyRange({ from: copy, at: headerBytes, length: size - upTo }, { to: log, at: upTo });
    fsyncSync(log);
  } finally {
    closeSync(copy);
    closeSync(log);
  }
  rmSync(kept);
};

const readHeader = (copy: number): { readonly upTo: number; readonly size: number } => {
  const bytes = Buffer.alloc(headerBytes);
  readSync(copy, bytes, 0, headerBytes, 0);
  const [upTo = Number.NaN, size = Number.NaN] = bytes.toString('latin1').trim().split(' ').map(Number);
  if (!Number.isSafeInteger(upTo) || !Number.isSafeInteger(size))
    throw new Error(`expected "<byte> <bytes>" at the beginning of a kept log, got ${JSON.stringify(`${bytes}`)}`);
  return { upTo, size };
};

const copyRange = (
  source: { readonly from: number; readonly at: number; readonly length: number },
  target: { readonly to: number; readonly at: number },
): void => {
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, source.length));
  for (let done = 0; done < source.length; ) {
    const length = readSync(source.from, buffer, 0, Math.min(buffer.length, source.length - done), source.at + done);
    if (length === 0) throw new Error('it became shorter while it was copied');
    for (let written = 0; written < length; )
      written += writeSync(target.to, buffer, written, length - written, target.at + done + written);
    done += length;
  }
};

const keepsHoles = (probe: string): boolean => {
  const opened = openSync(probe, 'w', 0o600);
  try {
    ftruncateSync(opened, chunkBytes);
    return fstatSync(opened).blocks * blockBytes < chunkBytes;
  } finally {
    closeSync(opened);
    rmSync(probe, { force: true });
  }
};
