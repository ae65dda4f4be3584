import { parseDurationMs } from '#policy/duration';
import { parseSizeBytes } from '#policy/size';

/** `500ms`, `10s`, `1h30m` in milliseconds. @throws TypeError that names the fix. */
export const parseDuration = (text: string): number => {
  const given = text.trim();
  const ms = parseDurationMs(given);
  if (ms !== null) return Math.round(ms);
  throw new TypeError(
    isBareNumber(given)
      ? `a duration needs a unit, got ${given}. Write ${given}s for seconds or ${given}ms for milliseconds`
      : `expected a duration like 500ms, 10s or 1h30m, got ${JSON.stringify(text)}`,
  );
};

/** `200MB` (1000), `200MiB` (1024), `1.5gib` in bytes: typed by hand, so case does not matter. @throws TypeError that names the fix. */
export const parseSize = (text: string): number => {
  const given = text.trim();
  const bytes = parseSizeBytes(given.replace(/\s*([a-z]+)$/i, (_, unit: string) => usualCase(unit)));
  if (bytes !== null) return bytes;
  if (isBareNumber(given))
    throw new TypeError(`a size needs a unit, got ${given}. Write ${given}MiB for mebibytes or ${given}B for bytes`);
  const short = /^(\d+(?:\.\d+)?)\s*([kmgt])$/i.exec(given);
  const fix = short === null ? '' : `. Write ${short[1]}${short[2]?.toUpperCase()}iB`;
  throw new TypeError(`expected a size like 200MiB or 1.5GB, got ${JSON.stringify(text)}${fix}`);
};

const isBareNumber = (text: string): boolean => /^\d+(\.\d+)?$/.test(text);
const usualCase = (unit: string): string => unit.toUpperCase().replace(/^([KMGT])IB$/, '$1iB');
