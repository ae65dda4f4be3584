import type { IncomingMessage } from 'node:http';
import type { Refusal } from './problem-details.ts';

/** The names under which this daemon may be spoken to; anything else is a page that had its name rebound to us. */
export interface Addresses {
  readonly host: string;
  readonly port: number;
  /** Origins beside our own, for example a development server. */
  readonly allowedOrigins: readonly string[];
}

/** Whether a request may be looked at at all, before anybody asks who it is from. */
export const refuseForeign = (request: IncomingMessage, addresses: Addresses): Refusal | null =>
  refuseHost(request, addresses) ?? refuseOrigin(request, addresses);

const refuseHost = (request: IncomingMessage, { host, port }: Addresses): Refusal | null => {
  const names = new Set(['127.0.0.1', 'localhost', '[::1]', host].map((name) => `${name}:${port}`));
  const asked = request.headers.host ?? '';
  if (names.has(asked.toLowerCase())) return null;
  return {
    status: 421,
    code: 'foreign-host',
    detail: `The Host header ${JSON.stringify(asked)} does not name this daemon.`,
    hint: `Use http://127.0.0.1:${port}.`,
  };
};

const refuseOrigin = (request: IncomingMessage, addresses: Addresses): Refusal | null => {
  const { origin } = request.headers;
  if (origin !== undefined) return isOurs(origin, addresses) ? null : foreign(`the origin ${JSON.stringify(origin)}`);
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return null;
  return isNavigation(request) ? null : foreign('another site');
};

const isOurs = (origin: string, { host, port, allowedOrigins }: Addresses): boolean =>
  allowedOrigins.includes(origin) ||
  ['127.0.0.1', 'localhost', '[::1]', host].some((name) => origin === `http://${name}:${port}`);

// A link on another site may open the dashboard: the page holds no data, and what it asks for next is same-origin.
const isNavigation = (request: IncomingMessage): boolean =>
  request.method === 'GET' &&
  request.headers['sec-fetch-mode'] === 'navigate' &&
  request.headers['sec-fetch-dest'] === 'document' &&
  (request.url === '/' || /^\/(runs|incidents)(\/[0-9A-Za-z]*)?$/.test(request.url ?? ''));

const foreign = (who: string): Refusal => ({
  status: 403,
  code: 'foreign-origin',
  detail: `A request from ${who} is not answered.`,
  hint: 'Add the origin to FLOWFORGE_ALLOWED_ORIGIN if it is yours.',
});

const secretNames = ['token', 'key', 'api_key', 'apikey', 'access_token'];

/** A key in a URL ends up in histories and logs. */
export const refuseSecretInUrl = (url: string): Refusal | null => {
  const at = url.indexOf('?');
  if (at < 0) return null;
  const query = new URLSearchParams(url.slice(at + 1));
  const name = secretNames.find((secret) => query.has(secret));
  if (name === undefined) return null;
  return {
    status: 400,
    code: 'secret-in-url',
    detail: `The query parameter ${name} looks like a key, and URLs are kept in histories and logs.`,
    hint: 'Send `Authorization: Bearer <key>`, and make a new key if this one was real.',
  };
};
