import { io, type Socket } from 'socket.io-client';
import type { DaemonStatus } from '#protocol/control';
import type { Fact } from '#protocol/facts';
import type { ClientToServer, LogLine, Problem, ServerToClient } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import type { HostFigures } from '#protocol/observations';
import type { IncidentView, RunRow } from '#protocol/views';
import { clock } from './clock.svelte.ts';
import { withFact } from './incident-list.ts';
import { LiveRun } from './live-run.svelte.ts';
import { foldWorkers } from './workers.ts';

/** What the numbers on the screen are worth, and since when. */
export type Connection =
  | { readonly kind: 'never'; readonly sinceMs: number; readonly why: string | null }
  | { readonly kind: 'live' }
  /** Connected, but no numbers come. */
  | { readonly kind: 'quiet'; readonly sinceMs: number }
  | { readonly kind: 'stale'; readonly sinceMs: number };

type Tick = Parameters<ServerToClient['tick']>[0];
type LogChunk = Parameters<ServerToClient['log']>[0];
/** A page that follows one run hears of it here. `restarted`: what was heard before may have a hole; read again. */
export interface FleetListener {
  facts?(facts: readonly Fact[]): void;
  tick?(tick: Tick): void;
  restarted?(): void;
}

/** `watching` comes first, and again after each reconnection: from then on no line is missed. */
export interface LogReader {
  watching(problem: Problem | null): void;
  lines(lines: readonly LogLine[], dropped: number): void;
}

const quietAfterMs = 6000;
const shortestBeatMs = 900;
const snapshotRetryMs = 5000;
const reconnectMs = 2000;

/** The one connection to the gateway. Everything the fleet page shows is written here and nowhere else. */
export class Fleet {
  runs = $state.raw<readonly LiveRun[]>([]);
  incidents = $state.raw<readonly IncidentView[]>([]);
  status = $state.raw<DaemonStatus | null>(null);
  host = $state.raw<HostFigures | null>(null);
  readonly rows: readonly RunRow[] = $derived(this.runs.map((run) => run.row));
  readonly connection: Connection = $derived(this.#describeConnection());

  #connected = $state(false);
  #hasSnapshot = $state(false);
  #lastNewsMs = $state(Date.now());
  #refusal = $state<string | null>(null);
  #seq = 0;
  #askedAtMs = 0;
  #lastBeatMs = 0;
  #isWanted = true;
  readonly #byId = new Map<RunId, LiveRun>();
  readonly #listeners = new Set<FleetListener>();
  readonly #logReaders = new Map<RunId, LogReader>();
  readonly #socket: Socket<ServerToClient, ClientToServer> = io({
    transports: ['websocket'],
    autoConnect: false,
    reconnectionDelayMax: reconnectMs,
  });

  /** `onrefused`: there is no connection to be had; the session may be over. */
  connect(onrefused: () => void): void {
    this.#socket.on('connect', () => {
      this.#connected = true;
      this.#refusal = null;
      for (const [runId, reader] of this.#logReaders) this.#watchLog(runId, reader);
    });
    this.#socket.on('disconnect', () => {
      this.#connected = false;
      this.#connectLater();
    });
    this.#socket.on('connect_error', (error) => {
      this.#refusal = error.message;
      onrefused();
      this.#connectLater();
    });
    this.#socket.on('snapshot', (state) => this.#takeSnapshot(state));
    this.#socket.on('facts', (facts) => this.#takeFacts(facts));
    this.#socket.on('rows', (rows) => this.#takeRows(rows));
    this.#socket.on('tick', (tick) => this.#takeTick(tick));
    this.#socket.on('log', (chunk) => this.#takeLog(chunk));
    this.#socket.connect();
  }

  disconnect(): void {
    this.#isWanted = false;
    this.#socket.disconnect();
  }

  find(runId: string): LiveRun | null {
    return this.runs.find((run) => run.row.runId === runId) ?? null;
  }

  listen(listener: FleetListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Lines of one run as they arrive; one reader per run. The function that comes back ends it. */
  followLog(runId: RunId, reader: LogReader): () => void {
    this.#logReaders.set(runId, reader);
    if (this.#connected) this.#watchLog(runId, reader);
    return () => {
      this.#logReaders.delete(runId);
      if (this.#connected) this.#socket.emit('unwatchLog', runId);
    };
  }

  #watchLog(runId: RunId, reader: LogReader): void {
    this.#socket.emit('watchLog', runId, (problem) => reader.watching(problem));
  }

  #describeConnection(): Connection {
    if (!this.#hasSnapshot) return { kind: 'never', sinceMs: this.#lastNewsMs, why: this.#refusal };
    if (!this.#connected) return { kind: 'stale', sinceMs: this.#lastNewsMs };
    const expectsNumbers = this.rows.some((row) => row.state === 'running');
    return expectsNumbers && clock.nowMs - this.#lastNewsMs > quietAfterMs
      ? { kind: 'quiet', sinceMs: this.#lastNewsMs }
      : { kind: 'live' };
  }

  #takeSnapshot(state: Parameters<ServerToClient['snapshot']>[0]): void {
    const isFirst = !this.#hasSnapshot;
    this.#hasSnapshot = true;
    this.#heard();
    this.#seq = state.seq;
    this.status = state.status;
    this.incidents = [...state.incidents].sort((a, b) => b.openedAtMs - a.openedAtMs);
    const present = new Set(state.runs.map((row) => row.runId));
    for (const runId of this.#byId.keys()) if (!present.has(runId)) this.#byId.delete(runId);
    this.#takeRows(state.runs);
    this.runs = [...this.#byId.values()];
    if (!isFirst) for (const listener of this.#listeners) listener.restarted?.();
  }

  #takeFacts(facts: readonly Fact[]): void {
    this.#heard();
    const fresh = facts.filter((fact) => fact.seq > this.#seq);
    const [first] = fresh;
    if (first === undefined) return;
    if (first.seq > this.#seq + 1) this.#askForSnapshot();
    this.#seq = fresh.at(-1)?.seq ?? this.#seq;
    for (const fact of fresh) {
      this.incidents = withFact(this.incidents, fact);
      if (this.status !== null) this.status = foldWorkers(this.status, fact);
    }
    for (const listener of this.#listeners) listener.facts?.(fresh);
  }

  // socket.io tries again by itself, except where the other side ended or refused the connection in words.
  #connectLater(): void {
    if (this.#isWanted && !this.#socket.active) setTimeout(() => this.#socket.connect(), reconnectMs);
  }

  #askForSnapshot(): void {
    if (Date.now() - this.#askedAtMs < snapshotRetryMs) return;
    this.#askedAtMs = Date.now();
    this.#socket.emit('snapshot');
  }

  #takeRows(rows: readonly RunRow[]): void {
    let grew = false;
    for (const row of rows) {
      const run = this.#byId.get(row.runId);
      if (run === undefined) {
        this.#byId.set(row.runId, new LiveRun(row));
        grew = true;
      } else run.replaceRow(row);
    }
    if (grew) this.runs = [...this.#byId.values()];
  }

  #takeTick(tick: Tick): void {
    this.#heard();
    this.host = tick.host;
    if (this.status !== null && this.status.trouble !== tick.trouble)
      this.status = { ...this.status, trouble: tick.trouble };
    for (const row of tick.rows) this.#byId.get(row[0])?.takeTick(row, tick.atMs);
    // A changed state brings a frame of its own between two beats.
    if (tick.atMs - this.#lastBeatMs < shortestBeatMs) return;
    this.#lastBeatMs = tick.atMs;
    for (const run of this.#byId.values()) run.remember();
    for (const listener of this.#listeners) listener.tick?.(tick);
  }

  #takeLog(chunk: LogChunk): void {
    this.#logReaders.get(chunk.runId)?.lines(chunk.lines, chunk.dropped);
  }

  #heard(): void {
    this.#lastNewsMs = Date.now();
  }
}

export const fleet = new Fleet();
