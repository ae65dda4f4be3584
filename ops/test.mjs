// The one door: `npm test`. Every check in order, each named and timed; all of them run, so that one look shows all that is wrong.
import './require-node.mjs';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureReady, forgetBuild } from './ensure.mjs';
import { largestFiles } from './largest-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const inModules = (file) => path.join(root, 'node_modules', file);
const tallyFile = path.join(tmpdir(), `flowforge-tally-${process.pid}.json`);
// Some six minutes where nobody else wants the cores; a machine that is throttled takes four times as long.
const specsWithinMs = 40 * 60_000;

const node = (script, ...args) => run(process.execPath, [script, ...args]);

const run = (command, args, { withinMs = 5 * 60_000, env = process.env } = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
    const overdue = setTimeout(() => {
      console.error(`${path.basename(args[0] ?? command)} did not end within ${withinMs / 1000} s and is stopped`);
      child.kill('SIGKILL');
    }, withinMs);
    child.on('error', (error) => {
      clearTimeout(overdue);
      console.error(error.message);
      resolve(false);
    });
    child.on('exit', (code) => {
      clearTimeout(overdue);
      resolve(code === 0);
    });
  });

const build = async () => {
  await forgetBuild(root);
  const readied = await ensureReady({ root, upTo: 'build' });
  if (readied.kind === 'failed') console.error(readied.problem);
  return readied.kind === 'ready';
};

const specs = () => {
  if (!existsSync(path.join(root, 'dist', '.server-stamp'))) return false;
  const args = [
    inModules('mocha/bin/mocha.js'),
    'dist/spec/**/*.spec.js',
    // Most specs wait for something: two files at a time halve the wait.
    '--parallel',
    '--jobs',
    '2',
    '--reporter',
    path.join(root, 'ops', 'mocha-reporter.cjs'),
  ];
  return run(process.execPath, args, { withinMs: specsWithinMs, env: { ...process.env, FLOWFORGE_TALLY: tallyFile } });
};

const sizes = async () => {
  for (const { lines, file } of largestFiles(root, 5)) console.log(`  ${String(lines).padStart(4)}  ${file}`);
  return true;
};

const steps = [
  ['format and lint', () => node(inModules('@biomejs/biome/bin/biome'), 'check', '.')],
  ['types', () => node(inModules('@typescript/native/bin/tsc'), '-p', 'tsconfig.json')],
  [
    'types of the dashboard',
    () =>
      !existsSync(path.join(root, 'client/tsconfig.json')) ||
      node(inModules('svelte-check/bin/svelte-check'), '--tsconfig', 'client/tsconfig.json'),
  ],
  ['build', build],
  ['specs', specs],
  ['faults, short form', () => run(process.execPath, [path.join(root, 'dist/spec/faults/run-faults.js'), '--short'])],
  ['the five largest files', sizes],
];

const readTally = () => {
  if (!existsSync(tallyFile)) return { passes: 0, failures: 0, pending: 0 };
  const tally = JSON.parse(readFileSync(tallyFile, 'utf8'));
  rmSync(tallyFile);
  return tally;
};

const installed = await ensureReady({ root, upTo: 'install' });
if (installed.kind === 'failed') {
  console.error(installed.problem);
  process.exit(1);
}
const failed = [];
for (const [title, check] of steps) {
  console.log(`\n== ${title}`);
  const startedMs = performance.now();
  const isGood = await check();
  console.log(`== ${title}: ${isGood ? 'ok' : 'FAILED'} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  if (!isGood) failed.push(title);
}
const tally = readTally();
// A broken step is one failure, so that the last line never looks better than the run was.
const brokenSteps = failed.filter((title) => title !== 'specs' || tally.failures === 0);
console.log('');
if (tally.pending > 0) console.log(`${tally.pending} skipped`);
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`);
console.log(`${tally.passes} passed, ${tally.failures + brokenSteps.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
