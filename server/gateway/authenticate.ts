import type { IncomingMessage } from 'node:http';
import type { Actor } from '#protocol/actor';
import type { Refusal } from './problem-details.ts';
import { isSameText, type Session, type Sessions } from './sessions.ts';

/** Who a request is from. `wrong` showed a credential that is not ours, `nobody` showed none. */
export type Principal =
  | { readonly kind: 'owner' }
  | { readonly kind: 'key' }
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'wrong'; readonly peer: string }
  | { readonly kind: 'nobody'; readonly peer: string };

export type Known = Extract<Principal, { kind: 'owner' | 'key' | 'session' }>;

export type Identify = (request: IncomingMessage) => Principal;

/** For requests over TCP; what comes over the unix socket is the owner's. The port is in the cookie's name because browsers share cookies between ports. */
export const createIdentify = (
  apiKey: string,
  how: { readonly sessions: Sessions; readonly cookieName: () => string },
): Identify => {
  return (request) => {
    const peer = request.socket.remoteAddress ?? 'gone';
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const token = /^Bearer ([!-~]+)$/i.exec(authorization)?.[1];
      return token !== undefined && isSameText(token, apiKey) ? { kind: 'key' } : { kind: 'wrong', peer };
    }
    const cookie = readCookie(request, how.cookieName());
    if (cookie === null) return { kind: 'nobody', peer };
    const session = how.sessions.read(cookie);
    // A browser keeps sending a cookie that has expired: that is nobody's attack.
    return session === null ? { kind: 'nobody', peer } : { kind: 'session', session };
  };
};

export const isKnown = (principal: Principal): principal is Known =>
  principal.kind !== 'wrong' && principal.kind !== 'nobody';

/** Limits and caps count by this: whoever has the key never shares a bucket with whoever guesses. */
export const bucketOf = (principal: Principal): string => {
  if (principal.kind === 'session') return `session:${principal.session.id}`;
  return isKnown(principal) ? principal.kind : `peer:${principal.peer}`;
};

export const actorOf = (principal: Principal): Actor => {
  if (principal.kind === 'owner') return 'cli';
  return principal.kind === 'session' ? 'dashboard' : 'api';
};

export const unauthorized: Refusal = {
  status: 401,
  code: 'unauthorized',
  detail: 'This needs the API key or a session of the dashboard.',
  hint: 'Send `Authorization: Bearer $FLOWFORGE_API_KEY`, or run `flowforge dashboard --open`.',
};

/** A cookie alone does not change anything: a page of another port on this machine would send it too. */
export const refuseCsrf = (request: IncomingMessage, principal: Known): Refusal | null => {
  if (principal.kind !== 'session') return null;
  const shown = request.headers['x-csrf-token'];
  if (typeof shown === 'string' && isSameText(shown, principal.session.csrfToken)) return null;
  return {
    status: 403,
    code: 'csrf',
    detail: 'The x-csrf-token header is missing or stale.',
    hint: 'Read it from GET /v1/session and send it along.',
  };
};

const readCookie = (request: IncomingMessage, name: string): string | null => {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return null;
};
