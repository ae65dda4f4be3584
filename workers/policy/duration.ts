/** One or more numbers with a unit, largest first by habit: `8s`, `1h30m`, `250ms`. */
export const durationPattern = /^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$/;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, or null when the text is not a duration. */
export const parseDurationMs = (text: string): number | null => {
  if (text.length > 64 || !durationPattern.test(text)) return null;
  const parts = text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0), 0);
};

/** The shortest exact way to say it in two units: `1h30m`, `12s`, `250ms`. */
export const formatDuration = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))}s`;
  const units = ['d', 'h', 'm', 's'] as const;
  let left = Math.round(ms / 1000) * 1000;
  const parts = units.flatMap((unit) => {
    const size = unitMs[unit] ?? 1;
    const amount = Math.floor(left / size);
    left -= amount * size;
    return amount > 0 ? [`${amount}${unit}`] : [];
  });
  return parts.slice(0, 2).join('');
};
