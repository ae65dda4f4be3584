import { z } from 'zod';
import { signals } from '#protocol/signals';
import { bucketOf } from './authenticate.ts';
import { json, nothing, type Route, refused, route } from './route.ts';
import { streamFacts } from './stream-facts.ts';

const get = { method: 'get', params: nothing, query: nothing, body: nothing } as const;

const statusRoutes: readonly Route[] = [
  route({
    ...get,
    paths: ['/v1/status'],
    door: 'key',
    summary: 'The daemon: where it listens, how well it contains, how its workers are.',
    returns: 'DaemonStatus',
    handle: async (_call, site) =>
      json({ ...site.status(), workers: await site.coordinator.workers(), trouble: site.trouble() }),
  }),
  route({
    ...get,
    paths: ['/v1/worker/lifecycle', '/worker/lifecycle'],
    door: 'key',
    summary: 'Each worker thread: generation, state, deaths.',
    returns: '{ items: WorkerStatus[] }',
    handle: async (_call, site) => json({ items: await site.coordinator.workers() }),
  }),
  route({
    ...get,
    paths: ['/v1/signals'],
    door: 'key',
    summary: 'Every signal that rules may speak of, with unit and meaning.',
    returns: 'Record<SignalName, SignalDefinition>',
    handle: () => json(signals),
  }),
  route({
    ...get,
    paths: ['/v1/metrics', '/metrics'],
    door: 'key',
    summary: 'Prometheus text.',
    returns: 'text/plain',
    handle: async (_call, site) => ({
      kind: 'text',
      contentType: site.metrics.contentType,
      body: await site.metrics.text(),
    }),
  }),
];

const streamRoutes: readonly Route[] = [
  route({
    ...get,
    paths: ['/v1/stream', '/stream'],
    door: 'key',
    summary: 'Server-sent events: `fact` (its id is the seq; Last-Event-ID goes on from there), `tick`, `gap`.',
    returns: 'text/event-stream',
    handle: ({ request, response, principal }, site) => {
      const release = site.streams.take(bucketOf(principal));
      if (release === null) {
        return refused({
          status: 429,
          code: 'too-many-streams',
          detail: 'All places for streams are taken.',
          hint: 'Close another stream or dashboard tab first: 8 for one peer, 64 in all.',
        });
      }
      streamFacts(site, { request, response, release });
      return { kind: 'taken' };
    },
  }),
];

const sessionRoutes: readonly Route[] = [
  route({
    ...get,
    method: 'post',
    paths: ['/v1/tickets'],
    door: 'key',
    summary: 'A ticket that opens the dashboard once, within a minute.',
    returns: '{ path, expiresAtMs }',
    handle: (_call, site) => {
      const { ticket, expiresAtMs } = site.sessions.issueTicket();
      return json({ path: `/enter?ticket=${ticket}`, expiresAtMs }, 201);
    },
  }),
  route({
    ...get,
    paths: ['/v1/session'],
    door: 'key',
    summary: 'Who you are; for a session of the dashboard also the `x-csrf-token` that its changes need.',
    returns: '{ kind, csrfToken }',
    handle: ({ principal }) =>
      json({ kind: principal.kind, csrfToken: principal.kind === 'session' ? principal.session.csrfToken : null }),
  }),
  route({
    ...get,
    paths: ['/enter'],
    door: 'open',
    summary: 'Swaps a ticket for a session cookie and goes on to the dashboard.',
    returns: '303',
    query: z.strictObject({ ticket: z.string().max(100) }),
    handle: ({ query, response }, site) => {
      const session = site.sessions.redeem(query.ticket);
      if (session === null) {
        return refused({
          status: 401,
          code: 'stale-ticket',
          detail: 'This ticket was used or is older than a minute.',
          hint: 'Run `flowforge dashboard --open` again.',
        });
      }
      response.cookie(site.cookieName(), session.cookie, {
        httpOnly: true,
        sameSite: 'strict',
        path: '/',
        maxAge: 12 * 3_600_000,
      });
      response.redirect(303, '/');
      return { kind: 'taken' };
    },
  }),
];

export const daemonRoutes: readonly Route[] = [...statusRoutes, ...streamRoutes, ...sessionRoutes];

/** Describes the routes it is given, itself included. */
export const openApiRoute = (version: string, others: readonly Route[]): Route => {
  const self: Route = route({
    ...get,
    paths: ['/v1/openapi.json'],
    door: 'key',
    summary: 'This description.',
    returns: 'OpenAPI 3.1',
    handle: async () => {
      // Asked for rarely, and its generator is not small.
      const { openApiOf } = await import('./openapi.ts');
      return json(openApiOf(version, [...others, self]));
    },
  });
  return self;
};
