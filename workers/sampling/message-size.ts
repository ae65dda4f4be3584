import type { RunObservation } from '#protocol/observations';

/** Lines after which a message to detection is full: larger ones keep it busy for longer than its heartbeat should wait, and hold more memory. */
export const messageLines = 16 * 1024;

/** Runs in a message at most: what is made for more at once outlives the young generation, and is dear to collect. */
export const messageRuns = 32;

/** As few messages as there can be without one of them keeping detection busy for long. */
export const inMessages = (runs: readonly RunObservation[]): readonly (readonly RunObservation[])[] => {
  const messages: RunObservation[][] = [];
  let room = 0;
  for (const run of runs) {
    const lines = run.lines.reduce((sum, batch) => sum + batch.count, 0);
    if (messages.length === 0 || lines > room) {
      messages.push([]);
      room = messageLines;
    }
    messages.at(-1)?.push(run);
    room -= lines;
  }
  return messages;
};
