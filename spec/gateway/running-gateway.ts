import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { createGateway, type Gateway } from '#gateway/gateway';
import type { CoordinatorControl, GatewayAddress } from '#protocol/control';
import type { FactBody } from '#protocol/facts';
import type { FactReport } from '#protocol/messages';
import type { Extra } from '#protocol/spending';
import { type Clock, systemClock } from '#runtime/clock';
import { withHome } from '../record/temporary-home.ts';
import { createSealer } from '../record/told-facts.ts';

export const apiKey = 'spec-key-0123456789abcdef0123456789abcdef';

/** A gateway that really listens, with what it asked of the coordinator and what it reported. */
export interface RunningGateway {
  readonly gateway: Gateway;
  readonly address: GatewayAddress;
  readonly home: string;
  readonly asked: { readonly verb: string; readonly command: unknown }[];
  readonly reports: FactReport[];
  readonly noted: unknown[];
  tell(...bodies: readonly FactBody[]): Promise<void>;
  /** With the key, over TCP. */
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  send(ask: Ask): Promise<Reply>;
}

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly over?: 'tcp' | 'unix';
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a spec looks at whatever came
  readonly body: any;
}

export const withGateway = (
  tell: (running: RunningGateway) => Promise<void>,
  set: {
    readonly clock?: Clock;
    readonly allowedOrigins?: readonly string[];
    readonly clientDir?: string;
    readonly coordinator?: Partial<CoordinatorControl>;
  } = {},
): Promise<void> =>
  withHome(async (home) => {
    const running = await startGateway(home, set);
    try {
      await tell(running);
    } finally {
      await running.gateway.stop();
    }
  });

export const startGateway = async (
  home: string,
  set: Parameters<typeof withGateway>[1] = {},
): Promise<RunningGateway> => {
  const asked: RunningGateway['asked'] = [];
  const reports: FactReport[] = [];
  const noted: unknown[] = [];
  const gateway = await createGateway({
    home,
    version: '0.0.0-spec',
    apiKey,
    host: '127.0.0.1',
    port: 0,
    socketPath: join(home, 'daemon.sock'),
    clientDir: set.clientDir ?? join(home, 'client'),
    allowedOrigins: set.allowedOrigins ?? [],
    coordinator: { ...obedientCoordinator(asked), ...set.coordinator },
    clock: set.clock ?? systemClock,
    status: () => ({ containment: 'cgroup2' }),
    report: async (fact) => {
      reports.push(fact);
    },
    note: (error) => noted.push(error),
  });
  const address = await gateway.listen();
  const seal = createSealer();
  const send = (ask: Ask): Promise<Reply> => exchange(address, ask);
  const withKey = { authorization: `Bearer ${apiKey}` };
  return {
    gateway,
    address,
    home,
    asked,
    reports,
    noted,
    send,
    tell: (...bodies) => gateway.facts({ sealed: seal(...bodies) }),
    get: (path, headers = {}) => send({ path, headers: { ...withKey, ...headers } }),
    post: (path, body, headers = {}) =>
      send({
        method: 'POST',
        path,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...withKey, ...headers },
      }),
  };
};

const extendedBy = ({ budget, more }: { readonly budget: string; readonly more: Extra }) => ({
  budget,
  extraUsd: more.usd,
  extraTokens: more.tokens,
  times: 1,
});

const obedientCoordinator = (asked: RunningGateway['asked']): CoordinatorControl => {
  const accept = (verb: string) => async (command: unknown) => {
    asked.push({ verb, command });
    return { kind: 'done', value: { accepted: true } } as const;
  };
  return {
    startRun: async (request) => {
      asked.push({ verb: 'start', command: request });
      return { kind: 'refused', code: 'unavailable', detail: 'not in a spec', hint: 'none' };
    },
    stopRun: accept('stop'),
    restartRun: accept('restart'),
    pauseRun: accept('pause'),
    resumeRun: accept('resume'),
    nudgeRun: accept('nudge'),
    acknowledge: accept('acknowledge'),
    extendBudget: async (command) => {
      asked.push({ verb: 'extend', command });
      return { kind: 'done', value: extendedBy(command) };
    },
    extendFleetBudget: async (command) => {
      asked.push({ verb: 'extend-fleet', command });
      return { kind: 'done', value: extendedBy(command) };
    },
    applyPolicy: async (command) => {
      asked.push({ verb: 'apply', command });
      return { kind: 'done', value: { kind: 'unchanged', hash: '', runs: 1 } };
    },
    rollbackPolicy: async (command) => {
      asked.push({ verb: 'rollback', command });
      return { kind: 'done', value: { kind: 'unchanged', hash: '', runs: 1 } };
    },
    activePolicies: async () => [],
    stopDaemon: async () => ({ kind: 'done', value: { runsLeft: 0 } }),
    workers: async () => [],
    injectFault: accept('fault'),
  };
};

export const exchange = (address: GatewayAddress, ask: Ask): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const where = ask.over === 'unix' ? { socketPath: address.socketPath } : { host: '127.0.0.1', port: address.port };
    const request = httpRequest(
      { ...where, method: ask.method ?? 'GET', path: ask.path, headers: ask.headers ?? {}, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = /json/.test(response.headers['content-type'] ?? '');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            body: isJson ? JSON.parse(text) : null,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(ask.body);
  });
