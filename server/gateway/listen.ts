import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';

interface Parts {
  readonly host: string;
  readonly port: number;
  readonly socketPath: string;
  readonly app: (request: IncomingMessage, response: ServerResponse) => void;
  readonly ownerOf: (request: IncomingMessage) => void;
}

interface Doors {
  readonly tcp: Server;
  /** @returns the port. */
  listen(): Promise<number>;
  close(): Promise<void>;
}

/** Two doors to one app: TCP for whoever has the key, the unix socket for the user whose daemon this is. */
export const openDoors = (parts: Parts): Doors => {
  const tcp = bounded(createServer(parts.app));
  const unix = bounded(
    createServer((request, response) => {
      parts.ownerOf(request);
      parts.app(request, response);
    }),
  );
  return {
    tcp,
    listen: async () => {
      await clearStaleSocket(parts.socketPath);
      await listening(unix, (ready) => unix.listen(parts.socketPath, ready));
      chmodSync(parts.socketPath, 0o600);
      await listening(tcp, (ready) => tcp.listen(parts.port, parts.host, ready));
      const address = tcp.address();
      return typeof address === 'object' && address !== null ? address.port : parts.port;
    },
    close: async () => {
      await Promise.all([closed(unix), closed(tcp)]);
    },
  };
};

const bounded = (server: Server): Server => {
  server.maxConnections = 1024;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  return server;
};

const listening = (server: Server, listen: (ready: () => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    listen(() => {
      server.off('error', reject);
      resolve();
    });
  });

/** A socket that nobody answers on was left by a gateway that died. One that answers is somebody's: it stays. */
const clearStaleSocket = async (path: string): Promise<void> => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (await answers(path))
    throw new Error(`another daemon answers on ${path}: stop it with \`flowforge daemon stop\`, or set FLOWFORGE_HOME`);
  rmSync(path, { force: true });
};

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    server.close(() => resolve());
    server.closeAllConnections();
  });
