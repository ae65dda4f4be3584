import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import { createIdentify, type Principal } from './authenticate.ts';
import { backtestRoutes } from './backtest-routes.ts';
import { budgetRoutes } from './budget-routes.ts';
import { commandRoutes } from './command-routes.ts';
import { daemonRoutes, openApiRoute } from './daemon-routes.ts';
import { evidenceRoutes } from './evidence-routes.ts';
import { type Addresses, refuseForeign, refuseSecretInUrl } from './guards.ts';
import { healthRoutes } from './health-routes.ts';
import { incidentRoutes } from './incident-routes.ts';
import { mountRoutes } from './mount-routes.ts';
import { policyRoutes } from './policy-routes.ts';
import { policySaveRoutes } from './policy-save-routes.ts';
import { policyViewRoutes } from './policy-view-routes.ts';
import { answerErrors, type Refusal, sendProblem } from './problem-details.ts';
import { createRateLimits } from './rate-limits.ts';
import { recordRoutes } from './record-routes.ts';
import type { Route } from './route.ts';
import { runRoutes } from './run-routes.ts';
import type { Site } from './site.ts';
import { serveDashboard, servePages } from './static-files.ts';
import { steeringRoutes } from './steering-routes.ts';
import { styleNonceOf } from './style-nonce.ts';
import { suggestRoutes } from './suggest-routes.ts';

interface Parts {
  readonly site: Site;
  readonly version: string;
  readonly apiKey: string;
  readonly host: string;
  readonly port: () => number;
  readonly clientDir: string;
  readonly allowedOrigins: readonly string[];
}

/** Every route there is, as one table: the API, its description, and what the specs walk over. */
export const allRoutes = (version: string): readonly Route[] => {
  const described = [
    ...healthRoutes,
    ...runRoutes,
    ...incidentRoutes,
    ...commandRoutes,
    ...policyViewRoutes,
    ...policySaveRoutes,
    ...policyRoutes,
    ...backtestRoutes,
    ...evidenceRoutes,
    ...steeringRoutes,
    ...budgetRoutes,
    ...suggestRoutes,
    ...recordRoutes,
    ...daemonRoutes,
  ];
  return [...described, openApiRoute(version, described)];
};

/** Express with its checks in order: host, origin, secrets in the URL, who, how often, then the routes. */
export const createApp = (parts: Parts) => {
  const { site } = parts;
  const app = express();
  const owners = new WeakSet<IncomingMessage>();
  const principals = new WeakMap<Response, Principal>();
  const identifyTcp = createIdentify(parts.apiKey, { sessions: site.sessions, cookieName: site.cookieName });
  const identify = (request: IncomingMessage): Principal =>
    owners.has(request) ? { kind: 'owner' } : identifyTcp(request);
  const principalOf = (response: Response): Principal =>
    principals.get(response) ?? { kind: 'nobody', peer: 'unknown' };
  const addresses = (): Addresses => ({ host: parts.host, port: parts.port(), allowedOrigins: parts.allowedOrigins });
  const refuse = (request: IncomingMessage): Refusal | null =>
    owners.has(request) ? null : (refuseForeign(request, addresses()) ?? refuseSecretInUrl(request.url ?? ''));
  const limits = createRateLimits({ principalOf, noteThrottled: (peer) => reportThrottled(site, peer) });

  app.disable('x-powered-by');
  app.use(giveRequestId, securityHeaders, (request, response, next) => {
    const refusal = refuse(request);
    return refusal === null ? next() : sendProblem(response, refusal);
  });
  app.use(answerOwnOrigins(parts.allowedOrigins));
  // Before any limit: whoever watches the daemon must not be kept out by whoever attacks it.
  mountRoutes(app, { site, routes: healthRoutes, principalOf });
  app.use((request, response, next) => {
    principals.set(response, identify(request));
    next();
  });
  app.use(unlessOwner(principalOf, limits.requests), unlessOwner(principalOf, limits.wrongKeys));
  servePages(app, parts.clientDir);
  mountRoutes(app, { site, routes: allRoutes(parts.version), principalOf });
  serveDashboard(app, parts.clientDir);
  app.use(answerErrors(site.note));

  return {
    app: {
      handle: (request: IncomingMessage, response: ServerResponse) => app(request, response),
      markOwner: (request: IncomingMessage) => {
        owners.add(request);
      },
    },
    admission: { refuse, identify },
  };
};

const giveRequestId: RequestHandler = (_request, response, next) => {
  response.setHeader('x-request-id', randomBytes(8).toString('hex'));
  next();
};

const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: true,
    directives: {
      'default-src': ["'self'"],
      'script-src': ["'self'"],
      // Code editors write their rules into one style element; it proves itself by the nonce of its page.
      'style-src': ["'self'", (_request, response) => `'nonce-${styleNonceOf(response)}'`],
      'style-src-attr': ["'unsafe-inline'"],
      'connect-src': ["'self'"],
      'img-src': ["'self'", 'data:'],
      'object-src': ["'none'"],
      'frame-ancestors': ["'none'"],
      'upgrade-insecure-requests': null,
    },
  },
  frameguard: { action: 'deny' },
  // Plain http on this machine: a promise of https would lock the browser out.
  strictTransportSecurity: false,
});

/** Pages of allowed origins may read answers when they show the key; cookies stay with our own. */
const answerOwnOrigins =
  (allowed: readonly string[]): RequestHandler =>
  (request, response, next) => {
    const { origin } = request.headers;
    if (origin === undefined || !allowed.includes(origin)) return next();
    response.setHeader('access-control-allow-origin', origin).setHeader('vary', 'Origin');
    if (request.method !== 'OPTIONS') return next();
    response.setHeader('access-control-allow-headers', 'authorization, content-type, last-event-id');
    response.setHeader('access-control-allow-methods', 'GET, POST').status(204).end();
  };

const unlessOwner =
  (principalOf: (response: Response) => Principal, limit: RequestHandler): RequestHandler =>
  (request, response, next) =>
    principalOf(response).kind === 'owner' ? next() : limit(request, response, next);

const reportThrottled = (site: Site, peer: string): void => {
  const requestId = randomBytes(8).toString('hex');
  site
    .report({
      key: `audit:${requestId}`,
      body: {
        kind: 'audit-recorded',
        actor: 'api',
        action: 'authenticate',
        target: peer,
        runId: null,
        reason: 'too many wrong keys',
        requestId,
        outcome: 'refused',
      },
      mustSync: false,
    })
    .catch(site.note);
};
