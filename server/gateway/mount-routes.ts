import express, { type Express, type RequestHandler, type Response } from 'express';
import { isKnown, type Principal, refuseCsrf, unauthorized } from './authenticate.ts';
import { type Refusal, requestIdOf, sendProblem } from './problem-details.ts';
import type { Reply, Route } from './route.ts';
import type { Site } from './site.ts';

const bodyLimitBytes = 65_536;

interface Mounting {
  readonly site: Site;
  readonly routes: readonly Route[];
  readonly principalOf: (response: Response) => Principal;
}

/** Each route behind the same doors, in the same order: who, may they, is it JSON, is it what the route takes. */
export const mountRoutes = (app: Express, { site, routes, principalOf }: Mounting): void => {
  for (const route of routes) {
    const admit = admitTo(route, principalOf);
    const parse =
      route.method === 'post'
        ? [takeJsonOnly, express.json({ limit: route.bodyLimitBytes ?? bodyLimitBytes, strict: true })]
        : [];
    const answer: RequestHandler = async (request, response) => {
      const call = {
        params: { ...request.params },
        query: { ...request.query },
        body: route.method === 'post' ? (request.body ?? {}) : {},
        principal: principalOf(response),
        requestId: requestIdOf(response),
        request,
        response,
      };
      send(response, await route.run(call, site));
    };
    app[route.method]([...route.paths], admit, ...parse, answer);
  }
};

const admitTo =
  (route: Route, principalOf: (response: Response) => Principal): RequestHandler =>
  (request, response, next) => {
    if (route.door === 'open') return next();
    const principal = principalOf(response);
    if (!isKnown(principal)) {
      response.setHeader('www-authenticate', 'Bearer realm="flowforge"');
      return sendProblem(response, unauthorized);
    }
    if (route.door === 'owner' && principal.kind !== 'owner') return sendProblem(response, ownerOnly);
    const csrf = route.method === 'post' ? refuseCsrf(request, principal) : null;
    return csrf === null ? next() : sendProblem(response, csrf);
  };

const ownerOnly: Refusal = {
  status: 403,
  code: 'owner-only',
  detail: 'This is taken over the unix socket only.',
  hint: 'Use the flowforge command on this machine as the user who runs the daemon.',
};

// A form or an image of another site can send a body, but never with this content type and without being asked first.
const takeJsonOnly: RequestHandler = (request, response, next) => {
  if (/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) return next();
  return sendProblem(response, {
    status: 415,
    code: 'not-json',
    detail: 'A change is asked for with `Content-Type: application/json`.',
    hint: 'Send at least `{}` with that header.',
  });
};

const send = (response: Response, reply: Reply): void => {
  if (reply.kind === 'taken') return;
  response.setHeader('cache-control', 'no-store');
  if (reply.kind === 'refused') sendProblem(response, reply.refusal);
  else if (reply.kind === 'json') response.status(reply.status).json(reply.body);
  else response.status(200).setHeader('content-type', reply.contentType).send(reply.body);
};
