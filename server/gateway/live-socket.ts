import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server, type Socket } from 'socket.io';
import type { ClientToServer, ServerToClient } from '#protocol/gateway-api';
import { bucketOf, isKnown, type Principal, unauthorized } from './authenticate.ts';
import { findRun } from './find-run.ts';
import { createLogRooms } from './log-rooms.ts';
import { type Refusal, toProblem } from './problem-details.ts';
import type { Frame, Site } from './site.ts';

type Client = Socket<ClientToServer, ServerToClient>;

const cutOffOverBytes = 1_048_576;
const dropTicksOverBytes = 262_144;

interface Admission {
  /** Host, Origin and a key in the URL, as for any other request. */
  readonly refuse: (request: IncomingMessage) => Refusal | null;
  readonly identify: (request: IncomingMessage) => Principal;
}

/**
 * The dashboard's socket. `cors` would not stop a websocket from another site, so the request itself is looked at
 * before there is a connection. After a snapshot come facts, changed rows and one frame of numbers at a time.
 */
export const openLiveSocket = (http: HttpServer, site: Site, admission: Admission): { close(): Promise<void> } => {
  const io = new Server<ClientToServer, ServerToClient>(http, {
    serveClient: false,
    // One transport, so that what waits for a slow reader can be seen on its one socket.
    transports: ['websocket'],
    maxHttpBufferSize: 65_536,
    // A frame of five hundred runs shrinks to a third; no window is kept between messages, so a client costs nothing at rest.
    perMessageDeflate: { threshold: 8192, serverNoContextTakeover: true, clientNoContextTakeover: true },
    allowRequest: (request, answer) => {
      const refusal = admission.refuse(request);
      if (refusal !== null) return answer(refusal.code, false);
      return isKnown(admission.identify(request)) ? answer(null, true) : answer(unauthorized.code, false);
    },
  });
  const rooms = createLogRooms(site, (runId, chunk) => io.to(`log:${runId}`).emit('log', chunk));

  io.use((socket, next) => {
    const principal = admission.identify(socket.request);
    if (!isKnown(principal)) return next(new Error(unauthorized.detail));
    const release = site.streams.take(bucketOf(principal));
    if (release === null) return next(new Error('All places for streams are taken.'));
    socket.on('disconnect', release);
    socket.conn.once('close', release);
    return next();
  });
  io.on('connection', (socket) => {
    socket.emit('snapshot', snapshotOf(site));
    socket.on('snapshot', () => socket.emit('snapshot', snapshotOf(site)));
    socket.on('watchLog', (ref, ack) => {
      if (typeof ref !== 'string' || typeof ack !== 'function') return;
      void watchLog(site, { socket, ref }, rooms.open).then(
        (refusal) => ack(refusal && toProblem(refusal, socket.id)),
        site.note,
      );
    });
    socket.on('unwatchLog', (ref) => {
      if (!socket.rooms.has(`log:${ref}`)) return;
      void socket.leave(`log:${ref}`);
      rooms.left(ref);
    });
    socket.on('disconnecting', () => {
      for (const room of socket.rooms) if (room.startsWith('log:')) rooms.left(room.slice(4));
    });
  });

  const clients = (): Client[] => [...io.sockets.sockets.values()];
  const undo = [
    site.feed.subscribe((facts) => {
      for (const socket of clients()) {
        if (isTooSlow(socket)) socket.disconnect(true);
        else socket.emit('facts', [...facts]);
      }
    }),
    site.frames.subscribe((frame) => {
      for (const socket of clients()) sendFrame(site, { socket, frame });
    }),
  ];
  return {
    close: async () => {
      for (const end of undo) end();
      rooms.close();
      await io.close();
    },
  };
};

const snapshotOf = (site: Site): Parameters<ServerToClient['snapshot']>[0] => ({
  seq: site.feed.lastSeq(),
  atMs: site.clock.now(),
  runs: site.fleet.rows(),
  incidents: site.fleet.incidents(),
  status: { ...site.status(), trouble: site.trouble() },
});

// Numbers are worth nothing late: a reader who is behind does without them until there is room again.
const sendFrame = (site: Site, { socket, frame }: { socket: Client; frame: Frame }): void => {
  if (bufferedBytes(socket) > dropTicksOverBytes) return;
  if (frame.rows.length > 0) socket.emit('rows', frame.rows);
  const host = site.fleet.host();
  if (host !== null) socket.emit('tick', { atMs: frame.atMs, host, rows: frame.ticks, trouble: site.trouble() });
};

const isTooSlow = (socket: Client): boolean => bufferedBytes(socket) > cutOffOverBytes;

const bufferedBytes = (socket: Client): number => socket.request.socket.writableLength;

const watchLog = async (
  site: Site,
  asked: { readonly socket: Client; readonly ref: string },
  open: (runId: string) => Promise<Refusal | null>,
): Promise<Refusal | null> => {
  const found = await findRun(site, asked.ref);
  if (found.kind === 'refused') return found.refusal;
  const room = `log:${found.view.runId}`;
  if (asked.socket.rooms.has(room) || !asked.socket.connected) return null;
  void asked.socket.join(room);
  const refusal = await open(found.view.runId);
  if (refusal !== null) void asked.socket.leave(room);
  return refusal;
};
