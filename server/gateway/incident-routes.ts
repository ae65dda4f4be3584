import { readTimeline } from './read-timeline.ts';
import { json, nothing, type Route, refused, route } from './route.ts';
import { incidentRef, incidentsQuery, timelineQuery } from './shapes.ts';

export const incidentRoutes: readonly Route[] = [
  route({
    method: 'get',
    paths: ['/v1/incidents', '/incidents'],
    door: 'key',
    summary: 'List incidents, newest first.',
    returns: 'Page<IncidentView>',
    params: nothing,
    query: incidentsQuery,
    body: nothing,
    handle: async ({ query }, site) => json(await site.ledger.incidents({ ...query, runId: query.run_id })),
  }),
  route({
    method: 'get',
    paths: ['/v1/incidents/:id'],
    door: 'key',
    summary: 'One incident with its evidence.',
    returns: 'IncidentView',
    params: incidentRef,
    query: nothing,
    body: nothing,
    handle: async ({ params }, site) => {
      const inMemory = site.fleet.incidents().find(({ incidentId }) => incidentId === params.id);
      const incident = inMemory ?? (await site.ledger.incident(params.id));
      return incident === null
        ? refused({
            status: 404,
            code: 'unknown-incident',
            detail: `There is no incident ${params.id}.`,
            hint: 'GET /v1/incidents lists them.',
          })
        : json(incident);
    },
  }),
  route({
    method: 'get',
    paths: ['/v1/timeline', '/timeline'],
    door: 'key',
    summary: 'What happened, newest first; with `incident_id` or `run_id` that story alone, oldest first.',
    returns: 'Page<TimelineEntry>',
    params: nothing,
    query: timelineQuery,
    body: nothing,
    handle: async ({ query }, site) => {
      const isStory = query.run_id !== null || query.incident_id !== null;
      const order = query.order ?? (isStory ? 'oldest-first' : 'newest-first');
      return json(await readTimeline(site, { ...query, order, runId: query.run_id, incidentId: query.incident_id }));
    },
  }),
];
