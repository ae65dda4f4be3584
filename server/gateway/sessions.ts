import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#runtime/clock';

/** A browser that came in with a ticket. Signed, not stored: it outlives a restart of the gateway. */
export interface Session {
  readonly id: string;
  readonly cookie: string;
  /** A page of ours reads it from `GET /v1/session` and sends it back as `x-csrf-token`; other sites cannot. */
  readonly csrfToken: string;
}

export interface Sessions {
  issueTicket(): { readonly ticket: string; readonly expiresAtMs: number };
  /** A ticket opens once. */
  redeem(ticket: string): Session | null;
  read(cookie: string): Session | null;
}

const ticketLifeMs = 60_000;
const sessionLifeMs = 12 * 3_600_000;
const mostTickets = 100;

export const createSessions = (apiKey: string, clock: Clock): Sessions => {
  const secret = createHash('sha256').update(`flowforge session\n${apiKey}`).digest();
  const sign = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url');
  const tickets = new Map<string, number>();

  const build = (id: string): Session => ({ id, cookie: `${id}.${sign(id)}`, csrfToken: sign(`csrf ${id}`) });
  return {
    issueTicket: () => {
      const ticket = randomBytes(24).toString('base64url');
      const expiresAtMs = clock.now() + ticketLifeMs;
      tickets.set(digest(ticket), expiresAtMs);
      forgetOldest(tickets);
      return { ticket, expiresAtMs };
    },
    redeem: (ticket) => {
      const key = digest(ticket);
      const expiresAtMs = tickets.get(key);
      tickets.delete(key);
      if (expiresAtMs === undefined || expiresAtMs <= clock.now()) return null;
      return build(`${clock.now().toString(36)}-${randomBytes(12).toString('hex')}`);
    },
    read: (cookie) => {
      const at = cookie.indexOf('.');
      const session = build(cookie.slice(0, Math.max(at, 0)));
      if (!isSameText(session.cookie, cookie)) return null;
      const issuedAtMs = Number.parseInt(session.id, 36);
      return clock.now() - issuedAtMs < sessionLifeMs ? session : null;
    },
  };
};

/** Compares digests, so that neither length nor the first different byte shows in the time it takes. */
export const isSameText = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const forgetOldest = (tickets: Map<string, number>): void => {
  for (const key of tickets.keys()) {
    if (tickets.size <= mostTickets) return;
    tickets.delete(key);
  }
};
