import type { Page, RunDetail } from '#protocol/gateway-api';
import { toRunRow } from '#protocol/run-row';
import { isOver, runStates } from '#protocol/run-state';
import type { RunRow, RunView } from '#protocol/views';
import type { RunsQuery } from '#record/read-record';
import { findRun } from './find-run.ts';
import { readTimeline } from './read-timeline.ts';
import { json, nothing, type Reply, type Route, refused, route } from './route.ts';
import { logQuery, runRef, runsQuery, signalsQuery, timelineQuery, waitQuery } from './shapes.ts';
import type { Site } from './site.ts';
import { waitForChange } from './wait-for-change.ts';

const liveStates = runStates.filter((state) => !isOver(state));

export const runRoutes: readonly Route[] = [
  route({
    method: 'get',
    paths: ['/v1/runs'],
    door: 'key',
    summary: 'List runs, newest first; `state` (also `live`), `name` and `label` narrow the list.',
    returns: 'Page<RunRow>',
    params: nothing,
    query: runsQuery,
    body: nothing,
    handle: async ({ query }, site) => {
      const states = query.state.flatMap((state) => (state === 'live' ? liveStates : [state]));
      return json(await listRuns(site, { ...query, states, labels: query.label }));
    },
  }),
  route({
    method: 'get',
    paths: ['/v1/runs/:id'],
    door: 'key',
    summary: 'One run, by id, by the beginning of its id, or by name.',
    returns: 'RunDetail',
    params: runRef,
    query: nothing,
    body: nothing,
    handle: ({ params }, site) => withRun(site, params.id, async (view) => json(await detailOf(site, view))),
  }),
  route({
    method: 'get',
    paths: ['/v1/runs/:id/wait'],
    door: 'key',
    summary: 'Answer when the run has changed since `since` (its lastSeq), or after 25 seconds as it is.',
    returns: 'RunDetail',
    params: runRef,
    query: waitQuery,
    body: nothing,
    handle: ({ params, query, response }, site) =>
      withRun(site, params.id, async (view) => {
        const release = view.lastSeq > query.since ? () => undefined : site.waits.take('wait');
        if (release === null) return refused(tooManyWaits);
        await waitForChange(site, { view, since: query.since, closed: response });
        release();
        return json(await detailOf(site, site.fleet.view(view.runId) ?? view));
      }),
  }),
  route({
    method: 'get',
    paths: ['/v1/runs/:id/log'],
    door: 'key',
    summary: 'Lines of output, redacted, from the log and its archive; go on from `next`.',
    returns: 'LogPage',
    params: runRef,
    query: logQuery,
    body: nothing,
    handle: ({ params, query }, site) =>
      withRun(site, params.id, async (view) =>
        json(await site.logs.page(view.runId, { ...query, sinceMs: query.since, ended: isOver(view.state) })),
      ),
  }),
  route({
    method: 'get',
    paths: ['/v1/runs/:id/signals'],
    door: 'key',
    summary: 'Recorded signals as columns, thinned to `points`.',
    returns: 'SignalSeries',
    params: runRef,
    query: signalsQuery,
    body: nothing,
    handle: ({ params, query }, site) =>
      withRun(site, params.id, async (view) =>
        json(
          await site.recordings.read(view.runId, {
            fromMs: query.from ?? 0,
            toMs: query.to ?? Number.MAX_SAFE_INTEGER,
            maxPoints: query.points,
          }),
        ),
      ),
  }),
  route({
    method: 'get',
    paths: ['/v1/runs/:id/timeline'],
    door: 'key',
    summary: 'Everything that happened to one run, oldest first.',
    returns: 'Page<TimelineEntry>',
    params: runRef,
    query: timelineQuery.omit({ run_id: true, incident_id: true }),
    body: nothing,
    handle: ({ params, query }, site) =>
      withRun(site, params.id, async (view) =>
        json(
          await readTimeline(site, {
            ...query,
            order: query.order ?? 'oldest-first',
            runId: view.runId,
            incidentId: null,
          }),
        ),
      ),
  }),
];

const tooManyWaits = {
  status: 429,
  code: 'too-many-waits',
  detail: 'Too many requests wait for runs already.',
  hint: 'Read /stream instead: one stream tells of all runs.',
};

export const withRun = async (site: Site, ref: string, answer: (view: RunView) => Promise<Reply>): Promise<Reply> => {
  const found = await findRun(site, ref);
  return found.kind === 'refused' ? refused(found.refusal) : answer(site.fleet.view(found.view.runId) ?? found.view);
};

const rowOf = (site: Site, stored: RunView): RunRow =>
  toRunRow(site.fleet.view(stored.runId) ?? stored, site.fleet.live(stored.runId));

// The ledger may be behind by what it could not write yet; what is in memory is newer and wins.
const listRuns = async (site: Site, query: RunsQuery): Promise<Page<RunRow>> => {
  const page = await site.ledger.runs(query);
  const known = new Set(page.items.map(({ runId }) => runId));
  const unwritten =
    query.cursor === null ? site.fleet.views().filter((view) => !known.has(view.runId) && isAsked(view, query)) : [];
  const newer = unwritten.filter((view) => view.runId > (page.items.at(-1)?.runId ?? ''));
  const items = [...newer, ...page.items]
    .map((view) => rowOf(site, view))
    .filter((row) => query.states.length === 0 || query.states.includes(row.state))
    .sort((a, b) => (a.runId < b.runId ? 1 : -1));
  return { items, nextCursor: page.nextCursor };
};

const isAsked = (view: RunView, query: RunsQuery): boolean =>
  (query.states.length === 0 || query.states.includes(view.state)) &&
  (query.name === null || query.name === view.name) &&
  query.labels.every((label) => Object.entries(view.labels).some(([key, value]) => `${key}=${value}` === label));

const detailOf = async (site: Site, view: RunView): Promise<RunDetail> => {
  const { items } = await site.ledger.incidents({ runId: view.runId, state: null, cursor: null, limit: 100 });
  const newest = site.fleet.incidents().filter(({ runId }) => runId === view.runId);
  const incidents = [...new Map([...items, ...newest].map((incident) => [incident.incidentId, incident])).values()];
  return { run: view, row: rowOf(site, view), incidents };
};
