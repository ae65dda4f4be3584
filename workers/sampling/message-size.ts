import type { RunObservation } from '#protocol/observations';

/** Lines in one message to detection: it should never be busy with one for a tenth of a second, and a megabyte may be half a million lines. */
export const messageLines = 64 * 1024;

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
