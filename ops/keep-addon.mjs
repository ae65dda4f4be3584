// Puts the SQLite addon that npm just compiled where prebuild-install looks before it compiles: the next `npm ci` takes seconds.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(process.argv[2] ?? '.');
const addonDir = path.join(root, 'node_modules/better-sqlite3');
const addon = 'build/Release/better_sqlite3.node';

// prebuild-install reads its settings from the working directory, the arguments and npm's environment.
process.chdir(addonDir);
process.argv.length = 2;
process.env.npm_config_cache ??= execFileSync('npm', ['config', 'get', 'cache'], {
  cwd: root,
  encoding: 'utf8',
}).trim();

const prebuild = createRequire(path.join(root, 'node_modules/prebuild-install/index.js'));
const pkg = JSON.parse(readFileSync('package.json', 'utf8'));
const { getDownloadUrl, cachedPrebuild } = prebuild('./util.js');
const archive = cachedPrebuild(getDownloadUrl({ pkg, ...prebuild('./rc.js')(pkg) }));
if (existsSync(addon) && !existsSync(archive)) {
  mkdirSync(path.dirname(archive), { recursive: true });
  const partial = `${archive}.${process.pid}`;
  execFileSync('tar', ['czf', partial, '-C', addonDir, addon]);
  execFileSync('mv', [partial, archive]);
}
