import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import express, { type Express, type Request } from 'express';
import { Server } from 'socket.io';
import type { FactBody } from '#protocol/facts';
import type { ClientToServer, LogLine, ServerToClient } from '#protocol/gateway-api';
import { parseInterventionId, parseRunId } from '#protocol/ids';
import type { RuleThreshold } from '#protocol/policy-views';
import { toTimelineEntry } from '#protocol/timeline';
import { createSyntheticFleet, type SyntheticFleet } from './synthetic-fleet.ts';
import { seriesOf } from './synthetic-series.ts';

const csrfToken = 'the-token-of-this-page';
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // A virtual list moves its rows with style attributes; no other inline style is let through.
  "style-src-attr 'unsafe-inline'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export interface AskedCommand {
  readonly path: string;
  readonly reason: unknown;
}

/** A stand-in for the gateway that speaks the contract to the built dashboard, with synthetic runs at 1 Hz. */
export interface FakeGateway {
  readonly url: string;
  readonly fleet: SyntheticFleet;
  readonly asked: readonly AskedCommand[];
  /** What the rules of a run hold its signals against, by run. */
  readonly thresholds: Map<string, readonly RuleThreshold[]>;
  /** Journals a fact and tells all who look. */
  say(body: FactBody): void;
  /** Journals a fact that nobody is told of. */
  loseFact(body: FactBody): void;
  /** Ends all connections and refuses new ones until `comeBack`. */
  goAway(): void;
  comeBack(): void;
  /** From now on facts wait for the database, for this reason; null heals it. */
  holdUp(why: string | null): void;
  close(): Promise<void>;
}

type Io = Server<ClientToServer, ServerToClient>;

export const startFakeGateway = async ({
  runs = 50,
  tickMs = 1000,
  port = 0,
  signedIn = true,
} = {}): Promise<FakeGateway> => {
  const fleet = createSyntheticFleet(runs, Date.now());
  const asked: AskedCommand[] = [];
  const thresholds: FakeGateway['thresholds'] = new Map();
  const app = express();
  const server = createServer(app);
  const io: Io = new Server(server, { serveClient: false, transports: ['websocket'] });
  let isAway = false;
  let trouble: string | null = null;
  let lines = 400;

  const say = (body: FactBody): void => {
    const fact = fleet.say(body, Date.now());
    io.emit('facts', [fact]);
    const row = 'runId' in body && body.runId !== null ? fleet.row(body.runId) : undefined;
    if (row !== undefined) io.emit('rows', [row]);
  };
  addRoutes(app, { signedIn, fleet, thresholds, lineCount: () => lines, say, asked });

  io.use((_socket, next) => next(isAway ? new Error('the gateway is restarting') : undefined));
  io.on('connection', (socket) => {
    const sendSnapshot = () => socket.emit('snapshot', snapshotOf(fleet));
    socket.on('snapshot', sendSnapshot);
    socket.on('watchLog', (runId, ack) => {
      void socket.join(`log:${runId}`);
      ack(null);
    });
    socket.on('unwatchLog', (runId) => void socket.leave(`log:${runId}`));
    sendSnapshot();
  });

  const timer = setInterval(() => {
    const atMs = Date.now();
    io.emit('tick', { atMs, host: hostFigures(lines), rows: fleet.step(atMs), trouble });
    lines += 2;
    const fresh = [logLine(lines - 2), logLine(lines - 1)];
    for (const { runId } of fleet.views()) io.to(`log:${runId}`).emit('log', { runId, lines: fresh, dropped: 0 });
  }, tickMs);

  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a TCP port to listen on');
  return {
    url: `http://127.0.0.1:${address.port}`,
    fleet,
    asked,
    thresholds,
    say,
    loseFact: (body) => void fleet.say(body, Date.now()),
    goAway: () => {
      isAway = true;
      io.disconnectSockets(true);
    },
    comeBack: () => {
      isAway = false;
    },
    holdUp: (why) => {
      trouble = why;
    },
    close: async () => {
      clearInterval(timer);
      await io.close();
    },
  };
};

interface Backstage {
  readonly signedIn: boolean;
  readonly fleet: SyntheticFleet;
  readonly thresholds: FakeGateway['thresholds'];
  readonly lineCount: () => number;
  readonly say: (body: FactBody) => void;
  readonly asked: AskedCommand[];
}

const addRoutes = (app: Express, { signedIn, fleet, thresholds, lineCount, say, asked }: Backstage): void => {
  const clientDir = fileURLToPath(new URL('../../client/', import.meta.url));
  app.use((_request, response, next) => {
    response.setHeader('content-security-policy', contentSecurityPolicy);
    next();
  });
  app.use(express.json());
  app.get('/v1/session', (_request, response) => {
    if (signedIn) return void response.json({ kind: 'session', csrfToken });
    return void response.status(401).json({ title: 'Not signed in', detail: 'This needs a session.' });
  });
  app.get('/v1/incidents', (_request, response) => void response.json({ items: fleet.incidents(), nextCursor: null }));
  app.get('/v1/timeline', (request, response) => {
    const facts = fleet.facts().filter((fact) => 'incidentId' in fact && fact.incidentId === request.query.incident_id);
    response.json({ items: facts.map(toTimelineEntry), nextCursor: null });
  });
  app.get('/v1/runs/:id', (request, response) => {
    const run = fleet.view(request.params.id);
    if (run === undefined) return void response.status(404).json(unknownRun(request.params.id));
    const incidents = fleet.incidents().filter((incident) => incident.runId === run.runId);
    return void response.json({ run, row: fleet.row(run.runId), incidents });
  });
  app.get('/v1/runs/:id/timeline', (request, response) => {
    const facts = fleet.facts().filter((fact) => 'runId' in fact && fact.runId === request.params.id);
    response.json({ items: facts.map(toTimelineEntry).reverse(), nextCursor: null });
  });
  app.get('/v1/runs/:id/signals', (request, response) => void response.json(seriesOf(request.params.id)));
  app.get('/v1/runs/:id/thresholds', (request, response) => {
    const items = thresholds.get(request.params.id) ?? [];
    response.json({ policy: 'standard', policyHash: 'a', isEarly: false, items });
  });
  app.get('/v1/runs/:id/log', (_request, response) => {
    const lines = Array.from({ length: lineCount() }, (_, index) => logLine(index));
    response.json({ lines, next: { stdout: lineCount() * 100, stderr: lineCount() * 100 }, ended: false });
  });
  app.post('/v1/runs/:id/:verb', (request, response) => {
    if (request.headers['x-csrf-token'] !== csrfToken)
      return void response.status(403).json({ title: 'No token', code: 'csrf' });
    asked.push({ path: request.path, reason: reasonOf(request) });
    response.status(202).json({ accepted: true });
    return void tellStop(request.params.id, say);
  });
  app.use(express.static(clientDir));
  app.get('/{*page}', (_request, response) => void response.sendFile('index.html', { root: clientDir }));
};

const reasonOf = (request: Request): unknown => {
  const body: unknown = request.body;
  return typeof body === 'object' && body !== null && 'reason' in body ? body.reason : null;
};

const tellStop = (id: string, say: (body: FactBody) => void): void => {
  const head = { runId: parseRunId(id), interventionId: parseInterventionId('01KE0000000000000000000009') };
  const steps: readonly FactBody[] = [
    {
      kind: 'stop-began',
      ...head,
      incidentId: null,
      cause: 'user',
      by: 'dashboard',
      reason: 'asked',
      graceMs: 5000,
      restartAfter: false,
      processes: 4,
    },
    { kind: 'stop-signalled', ...head, signal: 'SIGTERM', processes: 4 },
    { kind: 'run-exited', runId: head.runId, code: 143, signal: 'SIGTERM', endedAtMs: Date.now() },
    { kind: 'stop-verified', ...head, cause: 'user', killed: 4, tookMs: 1210, restartAfter: false },
  ];
  for (const [index, body] of steps.entries()) setTimeout(() => say(body), 120 * (index + 1));
};

const snapshotOf = (fleet: SyntheticFleet): Parameters<ServerToClient['snapshot']>[0] => ({
  seq: fleet.facts().length,
  atMs: Date.now(),
  runs: fleet.rows(),
  incidents: fleet.incidents(),
  status: {
    running: true,
    pid: 1,
    port: 8080,
    home: '/tmp/home',
    version: '0.1.0',
    containment: 'cgroup2',
    workers: [],
  },
});

const hostFigures = (lines: number) => ({
  cpuPct: 38 + (lines % 10),
  load1: 2.4,
  memTotalBytes: 16e9,
  memAvailableBytes: 6.2e9,
  diskFreeBytes: 9e10,
});

const logLine = (index: number): LogLine => ({
  offset: index * 100,
  stream: index % 17 === 0 ? 'stderr' : 'stdout',
  atMs: Date.now() - 1000,
  text:
    index % 17 === 0
      ? `\u001b[31mwarning\u001b[0m: slow answer\u0007 from shard ${index}`
      : `line ${index}: step ${index} loss ${(2 / (1 + index / 50)).toFixed(4)} lr 3e-4`,
});

const unknownRun = (id: string) => ({
  type: 'about:blank',
  title: 'Unknown run',
  status: 404,
  detail: `There is no run ${id}.`,
  code: 'unknown-run',
  hint: 'GET /v1/runs lists them.',
  requestId: 'r1',
});
