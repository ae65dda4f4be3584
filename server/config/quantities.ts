const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const unitBytes = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

/** `500ms`, `10s`, `1h30m` in milliseconds. @throws TypeError that names the fix. */
export const parseDuration = (text: string): number => {
  const given = text.trim();
  if (/^\d+(\.\d+)?$/.test(given)) {
    throw new TypeError(
      `a duration needs a unit, got ${given}. Write ${given}s for seconds or ${given}ms for milliseconds`,
    );
  }
  const parts = [...given.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== given) {
    throw new TypeError(`expected a duration like 500ms, 10s or 1h30m, got ${JSON.stringify(text)}`);
  }
  return Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * unitMs[part[2] as keyof typeof unitMs], 0));
};

/** `200MB` (1000), `200MiB` (1024), `1.5GiB` in bytes. @throws TypeError that names the fix. */
export const parseSize = (text: string): number => {
  const given = text.trim();
  if (/^\d+(\.\d+)?$/.test(given)) {
    throw new TypeError(`a size needs a unit, got ${given}. Write ${given}MiB for mebibytes or ${given}B for bytes`);
  }
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(given);
  const unit = Object.keys(unitBytes).find((name) => name.toLowerCase() === match?.[2]?.toLowerCase());
  if (match === null || unit === undefined) {
    const short = /^(\d+(?:\.\d+)?)\s*([kmgt])$/i.exec(given);
    const fix = short === null ? '' : `. Write ${short[1]}${short[2]?.toUpperCase()}iB`;
    throw new TypeError(`expected a size like 200MiB or 1.5GB, got ${JSON.stringify(text)}${fix}`);
  }
  return Math.round(Number(match[1]) * unitBytes[unit as keyof typeof unitBytes]);
};
