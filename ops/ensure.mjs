// Brings a fresh clone to "installed and built", and costs some 30 ms when there is nothing to do. No dependencies.
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashOfInstall, hashOfSources, pruneStaleOutput } from './stamps.mjs';

const checkout = fileURLToPath(new URL('..', import.meta.url));

/**
 * `upTo` is 'install' or 'build'. Two of these may run at once: the second waits for the first, then finds nothing to do.
 * The CLI must not be able to tell a warm start from no ensure at all, so nothing is printed unless there is work.
 */
export const ensureReady = async ({ root = checkout, upTo = 'build' } = {}) => {
  const todo = workLeft(root, upTo);
  if (todo.length === 0) return { kind: 'ready', did: [] };
  const { withLock } = await import('./one-at-a-time.mjs');
  mkdirSync(path.join(root, 'dist'), { recursive: true });
  return withLock(path.join(root, 'dist', '.ensure-lock'), async () => {
    const did = [];
    // What was left to do may have been done while we waited for the lock.
    for (const job of Object.keys(jobs)) {
      if (!workLeft(root, upTo).includes(job)) continue;
      const outcome = await jobs[job](root);
      if (outcome.kind === 'failed') return outcome;
      did.push(job);
    }
    return { kind: 'ready', did };
  });
};

const workLeft = (root, upTo) => {
  const left = [];
  if (isStale(installStamp(root), hashOfInstall(root)) && !isLinkedInstall(root)) left.push('install');
  if (upTo === 'install') return left;
  if (isStale(buildStamp(root, 'server'), hashOfSources(root, 'server'))) left.push('server');
  if (hasClient(root) && isStale(buildStamp(root, 'client'), hashOfSources(root, 'client'))) left.push('client');
  return left;
};

const installStamp = (root) => path.join(root, 'node_modules', '.flowforge-stamp');
const buildStamp = (root, part) => path.join(root, 'dist', `.${part}-stamp`);
const isStale = (stamp, want) => !existsSync(stamp) || readFileSync(stamp, 'utf8') !== want;
const hasClient = (root) => existsSync(path.join(root, 'client', 'vite.config.ts'));
/** A linked node_modules belongs to another checkout, whose own ensure looks after it; `npm ci` here would empty it. */
const isLinkedInstall = (root) => {
  const dir = path.join(root, 'node_modules');
  return existsSync(dir) && realpathSync(dir) !== path.join(realpathSync(root), 'node_modules');
};

const jobs = {
  install: async (root) => {
    const { runStep } = await import('./run-step.mjs');
    const want = hashOfInstall(root);
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
    const phase = () =>
      existsSync(path.join(root, 'node_modules/better-sqlite3/build')) ? addonPhase : 'fetching packages';
    const ended = await runStep({ title: 'installing dependencies', command: 'npm', args, cwd: root, phase });
    if (ended.kind === 'failed') return { ...ended, problem: `${ended.problem}\n${toolchainHint}` };
    await runStep({
      title: 'keeping the compiled addon for next time',
      command: process.execPath,
      args: [path.join(checkout, 'ops/keep-addon.mjs'), root],
      cwd: root,
      optional: true,
    });
    writeFileSync(installStamp(root), want);
    return ended;
  },
  server: async (root) => {
    const { runStep } = await import('./run-step.mjs');
    const want = hashOfSources(root, 'server');
    const ended = await runStep({
      title: 'building the server',
      command: 'npm',
      args: ['run', '-s', 'build:server'],
      cwd: root,
    });
    if (ended.kind === 'failed') return ended;
    await pruneStaleOutput(root);
    writeFileSync(buildStamp(root, 'server'), want);
    return ended;
  },
  client: async (root) => {
    const { runStep } = await import('./run-step.mjs');
    const want = hashOfSources(root, 'client');
    const ended = await runStep({
      title: 'building the dashboard',
      command: 'npm',
      args: ['run', '-s', 'build:client'],
      cwd: root,
    });
    if (ended.kind === 'done') writeFileSync(buildStamp(root, 'client'), want);
    return ended;
  },
};

const addonPhase = 'compiling the SQLite addon, some minutes on the first install';
const toolchainHint =
  'The SQLite addon is compiled on this machine: a C++ compiler, make and Python 3 are needed\n' +
  '(Debian, Ubuntu: apt-get install build-essential python3; macOS: xcode-select --install). Then run this again.';

/** Forgets that anything was built, so that the next `ensureReady` builds again. */
export const forgetBuild = async (root = checkout) => {
  for (const part of ['server', 'client']) await rm(buildStamp(root, part), { force: true });
};

const startedAs = process.argv[1] ?? '';
if (existsSync(startedAs) && realpathSync(startedAs) === fileURLToPath(import.meta.url)) {
  await import('./require-node.mjs');
  const readied = await ensureReady({ upTo: process.argv.includes('--install-only') ? 'install' : 'build' });
  if (readied.kind === 'failed') {
    process.stderr.write(`flowforge: ${readied.problem}\n`);
    process.exitCode = 1;
  }
}
