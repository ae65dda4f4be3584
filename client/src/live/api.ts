import type { Problem } from '#protocol/gateway-api';

/** What came of a request: its value, or a problem that says what to do next. */
export type Reply<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'problem'; readonly problem: Problem };

interface Session {
  readonly csrfToken: string;
}

let session: Session | null = null;

/** Asks who we are. The cookie was set when the one-time ticket was opened; the token proves that a request is from this page. */
export const openSession = async (): Promise<Reply<Session>> => {
  const reply = await request<Session>('/v1/session', {});
  if (reply.kind === 'ok') session = reply.value;
  return reply;
};

export const getJson = <T>(path: string): Promise<Reply<T>> => request<T>(path, {});

export const postJson = async <T>(path: string, body: object): Promise<Reply<T>> => {
  if (session === null) {
    const opened = await openSession();
    if (opened.kind === 'problem') return opened;
  }
  const reply = await post<T>(path, body);
  if (reply.kind === 'ok' || reply.problem.code !== 'csrf') return reply;
  // A token may be older than the key it was made from: one new one is asked for, and the request is repeated once.
  const opened = await openSession();
  return opened.kind === 'ok' ? post<T>(path, body) : opened;
};

const post = <T>(path: string, body: object): Promise<Reply<T>> =>
  request<T>(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'x-csrf-token': session?.csrfToken ?? '' },
  });

const request = async <T>(path: string, init: RequestInit): Promise<Reply<T>> => {
  try {
    const response = await fetch(path, { ...init, credentials: 'same-origin', signal: AbortSignal.timeout(15_000) });
    const body = await response.json();
    return response.ok ? { kind: 'ok', value: body } : { kind: 'problem', problem: parseProblem(body, response) };
  } catch (cause) {
    return { kind: 'problem', problem: unreachable(path, cause) };
  }
};

const parseProblem = (body: Partial<Problem>, response: Response): Problem => ({
  type: body.type ?? 'about:blank',
  title: body.title ?? response.statusText,
  status: response.status,
  detail: body.detail ?? `${new URL(response.url).pathname} answered ${response.status}`,
  code: body.code ?? 'unknown',
  hint: body.hint ?? '',
  requestId: body.requestId ?? '',
});

const unreachable = (path: string, cause: unknown): Problem => ({
  type: 'about:blank',
  title: 'FlowForge does not answer',
  status: 0,
  detail: `${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
  code: 'unreachable',
  hint: 'See whether the daemon is up: ./flowforge daemon status',
  requestId: '',
});
