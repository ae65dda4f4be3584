import type { TimelineEntry } from '#protocol/views';
import type { DaemonClient } from './daemon-client.ts';
import type { RunStory } from './render/run-story.ts';

const mostPages = 10;

/** All that the record holds of one run, by id, prefix or name. */
export const fetchStory = async (client: DaemonClient, ref: string): Promise<RunStory> => {
  const { run, row, incidents } = await client.run(ref);
  const timeline: TimelineEntry[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const page = await client.timeline({ runId: run.runId, cursor });
    timeline.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  return {
    run,
    row,
    incidents: incidents.toSorted((a, b) => b.openedAtMs - a.openedAtMs),
    timeline: timeline.sort((a, b) => a.seq - b.seq),
    dashboard: await dashboardOf(client),
  };
};

export const dashboardOf = async (client: DaemonClient): Promise<string | null> => {
  const { port } = await client.status();
  return port === null ? null : `http://127.0.0.1:${port}`;
};
