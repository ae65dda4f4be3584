/** Finds the shortest block that a stream of tokens repeats at its end, in a few compares per token. */
export interface Periods {
  push(token: number): void;
  /** Shortest period with at least two cycles now, and how often it came around; null when nothing repeats. */
  best(): { readonly period: number; readonly cycles: number } | null;
  reset(): void;
}

export const createPeriods = (longest: number): Periods => {
  const ring = new Float64Array(longest);
  // runs[k]: how many positions in a row equal the one k before. k·(r-1) of them are r cycles of period k.
  const runs = new Int32Array(longest + 1);
  let seen = 0;

  return {
    push: (token) => {
      for (let period = 1; period <= longest; period++) {
        const isSame = seen >= period && ring[(seen - period) % longest] === token;
        runs[period] = isSame ? (runs[period] ?? 0) + 1 : 0;
      }
      ring[seen % longest] = token;
      seen++;
    },
    best: () => {
      for (let period = 1; period <= longest; period++) {
        const run = runs[period] ?? 0;
        if (run >= period) return { period, cycles: Math.floor(run / period) + 1 };
      }
      return null;
    },
    reset: () => {
      runs.fill(0);
      seen = 0;
    },
  };
};
