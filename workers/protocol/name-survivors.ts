import type { Survivor } from './facts.ts';

/** `sleep 100 (4711), [cc1] (4712) and 8 more` */
export const nameSurvivors = (survivors: readonly Survivor[]): string => {
  const named = survivors.slice(0, mostNamed).map(({ command, pid }) => `${command} (${pid})`);
  const rest = survivors.length - named.length;
  return rest > 0 ? `${named.join(', ')} and ${rest} more` : named.join(', ');
};

const mostNamed = 10;
