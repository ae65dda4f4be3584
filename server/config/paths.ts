import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigProblem } from './config.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Paths {
  /** The checkout (or package) that FlowForge runs from. */
  readonly packageRoot: string;
  /** Everything FlowForge writes; 0700. */
  readonly home: string;
  readonly socketPath: string;
  /** Of the gateway on 127.0.0.1; 0 asks for any free one. */
  readonly port: number;
  readonly database: string;
  readonly journalDir: string;
  readonly runsDir: string;
  readonly daemonLog: string;
  /** The keeper's pid file lies beside it. */
  readonly daemonPid: string;
}

export const defaultPort = 8080;
/** sun_path holds 108 bytes on Linux and 104 on macOS. */
const maxSocketPathBytes = 100;

/** Where everything lies. Creates nothing. */
export const resolvePaths = (env: Env): Paths => {
  const home = path.resolve(given(env.FLOWFORGE_HOME) ?? path.join(stateHome(env), 'flowforge'));
  return {
    packageRoot: packageRoot(),
    home,
    socketPath: socketPathOf(home, env),
    port: portOf(env.FLOWFORGE_PORT),
    database: path.join(home, 'flowforge.db'),
    journalDir: path.join(home, 'journal'),
    runsDir: path.join(home, 'runs'),
    daemonLog: path.join(home, 'daemon.log'),
    daemonPid: path.join(home, 'daemon.pid'),
  };
};

/** Read after the project's `flowforge.yaml`. */
export const userConfigFile = (env: Env): string =>
  path.join(given(env.XDG_CONFIG_HOME) ?? path.join(env.HOME ?? homedir(), '.config'), 'flowforge', 'config.yaml');

const given = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);
const stateHome = (env: Env): string =>
  given(env.XDG_STATE_HOME) ?? path.join(env.HOME ?? homedir(), '.local', 'state');

/** The name of a socket elsewhere is drawn from the home, so that everyone who knows the home finds it. */
const socketPathOf = (home: string, env: Env): string => {
  const inside = path.join(home, 'daemon.sock');
  if (Buffer.byteLength(inside) <= maxSocketPathBytes) return inside;
  const name = `flowforge-${userInfo().uid}-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`;
  const elsewhere = path.join(given(env.XDG_RUNTIME_DIR) ?? '/tmp', name, 'daemon.sock');
  return Buffer.byteLength(elsewhere) <= maxSocketPathBytes ? elsewhere : path.join('/tmp', name, 'daemon.sock');
};

const portOf = (text: string | undefined): number => {
  const wanted = given(text);
  if (wanted === null) return defaultPort;
  if (!/^\d{1,5}$/.test(wanted) || Number(wanted) > 65_535) {
    throw new ConfigProblem(`FLOWFORGE_PORT: expected a port from 0 to 65535, got ${JSON.stringify(wanted)}`);
  }
  return Number(wanted);
};

const packageRoot = (): string => {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json'))) {
    if (folder === path.dirname(folder))
      throw new ConfigProblem('FlowForge cannot find its own package.json: the installation is incomplete');
    folder = path.dirname(folder);
  }
  return folder;
};
