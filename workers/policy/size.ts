/** A number with a unit: KB, MB, GB, TB are powers of 1000, KiB, MiB, GiB, TiB of 1024. */
export const sizePattern = /^[0-9]+(\.[0-9]+)?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** Whole bytes, or null when the text is not a size. */
export const parseSizeBytes = (text: string): number | null => {
  const found = sizePattern.test(text) ? /^([0-9.]+)([A-Za-z]+)$/.exec(text) : null;
  const unit = unitBytes[found?.[2] ?? ''];
  return found === null || unit === undefined ? null : Math.round(Number(found[1]) * unit);
};

export const formatSize = (bytes: number): string => {
  const unit = ['TiB', 'GiB', 'MiB', 'KiB'].find((name) => Math.abs(bytes) >= (unitBytes[name] ?? 1)) ?? 'B';
  const amount = bytes / (unitBytes[unit] ?? 1);
  return `${Number(amount.toFixed(amount < 10 ? 1 : 0))} ${unit}`;
};
