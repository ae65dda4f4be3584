import { incidentOf, runOf } from '#protocol/facts';
import type { Page, TimelineEntry } from '#protocol/gateway-api';
import { toTimelineEntry } from '#protocol/timeline';
import type { TimelineQuery } from '#record/read-record';
import type { Site } from './site.ts';

/** The record, and behind it what was told already but is still on its way into it: a page must not lag behind a state. */
export const readTimeline = async (
  site: Pick<Site, 'ledger' | 'feed'>,
  query: TimelineQuery,
): Promise<Page<TimelineEntry>> => {
  const onTheWay = site.feed.unconfirmed();
  const page = await site.ledger.timeline(query);
  const isNewestPage = query.order === 'newest-first' ? query.cursor === null : page.nextCursor === null;
  if (!isNewestPage || onTheWay.length === 0) return page;
  const known = new Set(page.items.map(({ seq }) => seq));
  const after = query.order === 'oldest-first' ? Number(query.cursor ?? 0) : 0;
  const fresh = onTheWay
    .filter((fact) => !known.has(fact.seq) && fact.seq > after)
    .filter((fact) => query.runId === null || runOf(fact) === query.runId)
    .filter((fact) => query.incidentId === null || incidentOf(fact) === query.incidentId)
    .map(toTimelineEntry);
  const items = query.order === 'oldest-first' ? [...page.items, ...fresh] : [...fresh.reverse(), ...page.items];
  return { items, nextCursor: page.nextCursor };
};
