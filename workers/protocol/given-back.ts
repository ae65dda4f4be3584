import type { OutputStream } from './output-index.ts';

/** `runs/<run-id>/given-back`: the byte of each stream before which the log was given back to the disk, and reads as zeros. */
export type GivenBack = Readonly<Record<OutputStream, number>>;

export const givenBackFileName = 'given-back';
export const nothingGivenBack: GivenBack = { stdout: 0, stderr: 0 };

/** A damaged file says nothing: the log is then read from its first byte, zeros and all. */
export const parseGivenBack = (text: string): GivenBack => {
  try {
    const raw = JSON.parse(text) as Partial<GivenBack>;
    return { stdout: byteOf(raw.stdout), stderr: byteOf(raw.stderr) };
  } catch {
    return nothingGivenBack; // cut by a crash
  }
};

const byteOf = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
