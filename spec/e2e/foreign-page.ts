import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { resolvePaths } from '#config/paths';

/** A web page of another origin that attacks (fixtures/pages/foreign.html), with a socket.io client of its own. */
export interface ForeignPage {
  readonly url: string;
  close(): Promise<void>;
}

const page = path.join(resolvePaths({}).packageRoot, 'fixtures', 'pages', 'foreign.html');
const socketClient = path.join(
  path.dirname(createRequire(import.meta.url).resolve('socket.io-client/package.json')),
  'dist',
  'socket.io.min.js',
);

export const serveForeignPage = (): Promise<ForeignPage> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      const isScript = request.url === '/socket.io.min.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(readFileSync(isScript ? socketClient : page));
    });
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({
        url: `http://127.0.0.1:${port}/`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
