import type { CoordinatorControl, DaemonStatus, GatewayAddress } from '#protocol/control';
import type { SealedFact } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import type { LogKeeping } from '#protocol/log-keeping';
import type { FactDelivery, FactReport, LiveFrame, RecordingBatch } from '#protocol/messages';
import { isOver } from '#protocol/run-state';
import { openLedger } from '#record/ledger';
import { createLogView } from '#record/log-view';
import { openRecordings } from '#record/recordings';
import type { Clock } from '#runtime/clock';
import { createApp } from './app.ts';
import { createFactFeed } from './fact-feed.ts';
import { loadFleet } from './fleet.ts';
import { createFrameBeat } from './frame-feed.ts';
import { createLedgerWriter } from './ledger-writer.ts';
import { openDoors } from './listen.ts';
import { openLiveSocket } from './live-socket.ts';
import { createLogKeeper } from './log-keeper.ts';
import { tellLostEnds } from './lost-ends.ts';
import { createMetrics } from './metrics.ts';
import { createPolicyBench } from './policy-bench.ts';
import { createRecordKeeper } from './record-keeper.ts';
import { createRecordingWriter } from './recording-writer.ts';
import { createReplays } from './replays.ts';
import { createSeats } from './seats.ts';
import { createSessions } from './sessions.ts';
import type { Site } from './site.ts';
import { createWorkerWatch } from './worker-watch.ts';

export interface GatewayOptions {
  readonly home: string;
  readonly version: string;
  readonly apiKey: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly socketPath: string;
  /** Where the built dashboard lies. */
  readonly clientDir: string;
  readonly allowedOrigins: readonly string[];
  /** What a new ledger begins with where the old one was set aside under running jobs. */
  readonly unsettled?: readonly SealedFact[];
  readonly coordinator: CoordinatorControl;
  /** Left out: logs stay as they are. */
  readonly logs?: LogKeeping;
  readonly clock: Clock;
  /** What only the coordinator knows of the daemon. */
  status(): Partial<DaemonStatus>;
  /** Hands a fact to the coordinator, which journals and numbers it. */
  report(fact: FactReport): Promise<void>;
  /** Where an error that nobody expected is written. */
  note(error: unknown): void;
}

export interface Gateway {
  listen(): Promise<GatewayAddress>;
  /** Resolves once the ledger holds the facts: until then they are the sender's. */
  facts(delivery: FactDelivery): Promise<void>;
  live(frame: LiveFrame): void;
  record(batch: RecordingBatch): Promise<void>;
  /** The newest fact that the ledger holds. */
  lastSeq(): number;
  stop(): Promise<void>;
}

/** The record and its doors. It holds nothing that cannot be built again from the journal, the ledger and the run directories. */
export const createGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const parts = await openParts(options);
  const { ledger, feed, fleet, frames, metrics, writer, workers } = parts;
  let port = options.port;
  const site = toSite(parts, { options, port: () => port });
  const { app, admission } = createApp({ ...options, site, port: () => port });
  const doors = openDoors({ ...options, app: app.handle, ownerOf: app.markOwner });
  const sockets = openLiveSocket(doors.tcp, site, admission);

  const stop = async (): Promise<void> => {
    frames.stop();
    writer.stop();
    await sockets.close();
    await doors.close();
    await parts.bench.close();
    await parts.replays.close();
    await keeper?.stop();
    await recordKeeper?.stop();
    await parts.recordings.close();
    await ledger.close();
  };
  const liveRuns = (): RunId[] => fleet.views().flatMap(({ runId, state }) => (isOver(state) ? [] : [runId]));
  const keeper = options.logs === undefined ? null : createLogKeeper({ ...options, keeping: options.logs, liveRuns });
  const recordKeeper =
    options.logs === undefined ? null : createRecordKeeper({ ...options, ledger, keepMs: options.logs.keepFactsMs });
  let stopped: Promise<void> | null = null;

  return {
    listen: async () => {
      port = await doors.listen();
      writer.reportLoss();
      workers.look();
      keeper?.start();
      recordKeeper?.start();
      return { host: options.host, port, socketPath: options.socketPath };
    },
    facts: async ({ sealed }) => {
      const fresh = feed.publish(sealed.map(({ fact }) => fact));
      fleet.fold(fresh);
      metrics.count(fresh);
      workers.heard(fresh);
      if (fresh.length > 0) frames.folds();
      // All that the journal had of the time before this daemon came before that.
      const began = fresh.find((fact) => fact.kind === 'daemon-started' && fact.pid === process.pid);
      if (began !== undefined) tellLostEnds({ ...options, views: fleet.views }, began.atMs).catch(options.note);
      await writer.write(sealed);
      feed.confirm(ledger.lastSeq());
    },
    live: (frame) => {
      fleet.watch(frame);
      frames.numbers();
    },
    record: (batch) => parts.recorder.write(batch),
    lastSeq: () => ledger.lastSeq(),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
};

type Parts = Awaited<ReturnType<typeof openParts>>;

const openParts = async ({ home, clock, report, note, coordinator, unsettled = [] }: GatewayOptions) => {
  const ledger = await openLedger(home, clock.now());
  if (ledger.loss() !== null && ledger.lastSeq() === 0) await ledger.append(unsettled);
  const recordings = await openRecordings(home);
  const fleet = await loadFleet(ledger);
  const metrics = createMetrics(fleet);
  const [lastReload] = await ledger.ofKinds(['policy-applied', 'policy-refused', 'policy-held'], 1);
  if (lastReload !== undefined) metrics.recall(lastReload.fact);
  return {
    ledger,
    recordings,
    fleet,
    frames: createFrameBeat(fleet, clock),
    feed: createFactFeed(ledger.lastSeq()),
    metrics,
    replays: createReplays(home),
    writer: createLedgerWriter({ ledger, clock, report, note }),
    recorder: createRecordingWriter({ recordings, clock, report, note }),
    workers: createWorkerWatch(coordinator, note),
    bench: createPolicyBench(),
  };
};

const toSite = (parts: Parts, { options, port }: { options: GatewayOptions; port: () => number }): Site => ({
  ...parts,
  logs: createLogView(options.home),
  coordinator: options.coordinator,
  sessions: createSessions(options.apiKey, options.clock),
  streams: createSeats({ inAll: 64, perPeer: 8 }),
  waits: createSeats({ inAll: 1024, perPeer: 1024 }),
  clock: options.clock,
  report: options.report,
  note: options.note,
  status: () => ({
    running: true,
    pid: process.pid,
    home: options.home,
    version: options.version,
    ...options.status(),
    port: port(),
    workers: parts.workers.last(),
  }),
  cookieName: () => `flowforge_session_${port()}`,
  trouble: parts.writer.trouble,
});
