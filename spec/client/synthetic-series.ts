/** Ten minutes of recorded signals, the same shape for every run. */
export const seriesOf = (runId: string) => {
  const points = 600;
  const atMs = Array.from({ length: points }, (_, index) => Date.now() - (points - index) * 1000);
  const wave = (index: number) => 42 + 22 * Math.sin(index / 24) + 6 * Math.sin(index / 3.1);
  return {
    runId,
    atMs,
    columns: {
      'cpu.pct': atMs.map((_, index) => wave(index)),
      'mem.rss': atMs.map((_, index) => 700e6 + index * 6e5 + 2e7 * Math.sin(index / 15)),
      'limit.cpu_pct': atMs.map(() => 60),
      'limit.mem_bytes': atMs.map(() => 2 * 1024 ** 3),
    },
  };
};
