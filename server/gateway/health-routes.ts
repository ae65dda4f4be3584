import { json, nothing, type Route, route } from './route.ts';

const open = { method: 'get', door: 'open', params: nothing, query: nothing, body: nothing } as const;

/** Liveness says that the process answers, readiness that it records what happens. Neither says anything else. */
export const healthRoutes: readonly Route[] = [
  route({
    ...open,
    paths: ['/healthz', '/v1/healthz'],
    summary: 'Does the daemon answer?',
    returns: '{ ok: true }',
    handle: () => json({ ok: true }),
  }),
  route({
    ...open,
    paths: ['/readyz', '/v1/readyz'],
    summary: 'Does it record what happens? 503 while facts wait for the database.',
    returns: '{ ready }',
    handle: (_call, site) => {
      const isReady = site.trouble() === null;
      return json({ ready: isReady }, isReady ? 200 : 503);
    },
  }),
];
