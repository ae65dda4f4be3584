import type { AgentEvent } from '#protocol/agent-events';

/** What an agent last did stands in for the last line it wrote: its lines are JSON, which nobody wants to read. */
export const lastSample = (events: readonly AgentEvent[]): string | null => {
  for (let at = events.length - 1; at >= 0; at--) {
    const event = events[at];
    if (event !== undefined && 'sample' in event && event.sample !== '') return event.sample;
  }
  return null;
};
