import type { LiveFrame } from '#protocol/messages';

/** One frame for two, of which the first could not be sent yet: the newest row of each run. */
export const mergeFrames = (unsent: LiveFrame, newest: LiveFrame): LiveFrame => {
  const told = new Set(newest.rows.map(({ runId }) => runId));
  return { ...newest, rows: [...unsent.rows.filter(({ runId }) => !told.has(runId)), ...newest.rows] };
};
