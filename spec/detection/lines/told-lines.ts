import { createLineDetectors, type LineDetectors } from '#detection/line-detectors';
import type { Finding } from '#protocol/judgement';
import type { LineBatch } from '#protocol/observations';
import { createRedactor } from '#redaction/redact';
import { createLineTap } from '#sampling/line-tap';

export interface ToldLine {
  readonly atMs: number;
  readonly text: string;
}

/** `count` lines, evenly spaced. */
export const told = (count: number, perSecond: number, text: (index: number) => string): readonly ToldLine[] =>
  Array.from({ length: count }, (_, index) => ({ atMs: 1_000_000 + (index * 1000) / perSecond, text: text(index) }));

/** Lines that come around in turn; each is told which round it is. */
export const rounds =
  (...lines: readonly ((round: number) => string)[]) =>
  (index: number): string =>
    lines[index % lines.length]?.(Math.floor(index / lines.length)) ?? '';

/** One batch for each `every` lines, as the tap makes them. */
export const batchesOf = (lines: readonly ToldLine[], every = 1): readonly LineBatch[] => {
  const tap = createLineTap({ firstLine: 1, redact: createRedactor() });
  return lines.flatMap(({ atMs, text }, index) => {
    tap.feed('stdout', Buffer.from(`${text}\n`), atMs);
    const isFull = (index + 1) % every === 0 || index === lines.length - 1;
    return isFull ? (tap.take() ?? []) : [];
  });
};

export const watched = (lines: readonly ToldLine[], logWindowLines = 10): LineDetectors => {
  const detectors = createLineDetectors({ logWindowLines });
  for (const batch of batchesOf(lines, 50)) detectors.observe(batch);
  return detectors;
};

/** Warnings and acts of a whole stream. */
export const alarmsOf = (lines: readonly ToldLine[]): readonly Finding[] =>
  watched(lines)
    .episodes()
    .filter((finding) => finding.level !== 'observe');
