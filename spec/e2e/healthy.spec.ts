import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createForge, type Forge, script } from './flowforge.ts';

interface Program {
  readonly name: string;
  readonly argv: readonly string[];
  /** Codes that are its own business: a search that finds nothing, a repository that is not there. */
  readonly codes?: readonly number[];
}

const groupSize = 11;
const sh = (name: string, line: string, codes?: readonly number[]): Program => ({
  name,
  argv: ['sh', '-c', line],
  ...(codes === undefined ? {} : { codes }),
});
const python = (name: string, ...args: string[]): Program => ({ name, argv: ['python3', ...args] });
const node = (name: string, code: string): Program => ({ name, argv: [process.execPath, '-e', code] });

/** Writes its files into `dir` only. Each takes from a moment to about twelve seconds. */
const programsIn = (dir: string): readonly Program[] => [
  { name: 'type-checker', argv: [process.execPath, tsc, '-p', 'tsconfig.json', '--noEmit'] },
  sh(
    'compiler',
    `for n in 1 2 3 4 5 6 7 8; do echo "int f$n(int x) { return x * $n; }" > ${dir}/f$n.c; echo cc f$n.c; cc -O2 -Wall -c ${dir}/f$n.c -o ${dir}/f$n.o; done; ar rc ${dir}/f.a ${dir}/*.o`,
    [0, 127],
  ),
  {
    name: 'test-runner',
    argv: [
      process.execPath,
      mocha,
      '--no-config',
      '--timeout',
      '60000',
      'dist/spec/sampling/line*.spec.js',
      'dist/spec/detection/lines/*.spec.js',
    ],
  },
  python('training-loop', script('training_loop.py'), '--timeout', '12'),
  python('progress-bar', script('progress_bar.py'), '--timeout', '12'),
  python('heartbeat', script('heartbeat_service.py'), '--timeout', '12'),
  node('http-server', httpServer),
  node('watcher', watcher(dir)),
  sh('package-lister', 'npm ls --all', [0, 1]),
  sh('finder', 'find /usr -xdev -name "*.h" -o -name "*.py" 2>/dev/null | head -200000; find /usr -xdev', [0, 1]),
  sh('archiver', 'tar cvf /dev/null /usr/share /usr/lib/python3 2>&1', [0, 1, 2]),
  sh('searcher', 'grep -rn "import" --include="*.ts" --include="*.js" workers server spec dist', [0]),
  sh(
    'sorter',
    `awk 'BEGIN { for (n = 0; n < 2000000; n++) print (n * 7919) % 1000003 }' > ${dir}/numbers; sort -n ${dir}/numbers | tail -3`,
  ),
  sh('copier', `dd if=/dev/zero of=${dir}/zeros bs=1M count=300 status=progress && gzip -1 -v ${dir}/zeros`),
  sh('historian', 'git log --stat -n 400 | cat; git count-objects -v', [0, 128]),
  sh('waiter', 'echo waiting for the night; sleep 12; echo done'),
  python('simulation', '-c', simulation),
  node('still-working', stillWorking),
  node('batch', batch),
  sh(
    'poller',
    'for n in 1 2 3 4 5 6 7 8 9 10 11; do echo "waiting for the database to be ready"; sleep 1; done; echo ready',
  ),
  sh('shell-suite', `for n in $(seq 1 400); do printf 'ok %d - case %d\\n' $n $n; true | cat; done`),
];

const tsc = 'node_modules/@typescript/native/bin/tsc';
const mocha = 'node_modules/mocha/bin/mocha.js';
const httpServer = `
const http = require('node:http');
const server = http.createServer((request, reply) => { console.log(new Date().toISOString(), request.method, request.url, 200); reply.end('ok'); });
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  let asked = 0;
  const timer = setInterval(() => {
    const isLast = ++asked === 100;
    http.get({ port, path: '/health', agent: false }, (answer) => answer.resume().on('end', () => isLast && server.close()));
    if (isLast) clearInterval(timer);
  }, 100);
});`;
const watcher = (dir: string): string => `
const { statSync, writeFileSync } = require('node:fs');
writeFileSync('${dir}/watched', '0');
let looks = 0;
let before = 0;
const timer = setInterval(() => {
  if (looks % 20 === 0) writeFileSync('${dir}/watched', String(looks));
  const now = statSync('${dir}/watched').mtimeMs;
  if (now !== before) console.log('File change detected. Starting incremental compilation...\\nFound 0 errors. Watching for file changes.');
  before = now;
  if (++looks === 120) clearInterval(timer);
}, 100);`;
const simulation = `
import time
end = time.monotonic() + 10
x = 1
while time.monotonic() < end:
    x = (x * 1103515245 + 12345) % 2147483648
print(x)`;
const stillWorking = `
const endMs = Date.now() + 12000;
let saidMs = Date.now();
let x = 1;
while (Date.now() < endMs) {
  for (let n = 0; n < 1e6; n++) x = (x * 16807) % 2147483647;
  if (Date.now() - saidMs > 2500) { saidMs = Date.now(); console.log('still working...'); }
}
console.log(x);`;
const batch = `
let n = 0;
const timer = setInterval(() => {
  console.log('[batch] loading block');
  console.log('[batch] writing block ' + n);
  console.log('[batch] done');
  if (++n === 200) clearInterval(timer);
}, 50);`;

describe('healthy programs', function () {
  this.timeout(180_000);
  let forge: Forge;
  let dir: string;
  before(async () => {
    forge = createForge();
    dir = mkdtempSync(path.join(tmpdir(), 'ff-healthy-'));
    await forge.run('daemon', 'start');
  });
  after(async () => {
    await forge.end();
    rmSync(dir, { recursive: true, force: true });
  });

  it('run as they would alone: none is acted on, and at most one is warned of', async () => {
    const programs = programsIn(dir);
    expect(programs.length).to.be.at.least(20);
    for (let from = 0; from < programs.length; from += groupSize) {
      const group = programs.slice(from, from + groupSize);
      const ends = await Promise.all(group.map(({ name, argv }) => forge.run('run', '--name', name, '--', ...argv)));
      group.forEach(({ name, codes = [0] }, index) => {
        expect(ends[index]?.code, `${name}: ${ends[index]?.stderr.slice(-300)}`).to.be.oneOf([...codes]);
      });
    }
    const told = (await forge.incidents()).filter((incident) => incident.severity !== 'info');
    const shown = told.map(({ name, rule, action, summary }) => `${name}: ${rule} ${action}: ${summary}`);
    expect(
      told.filter((incident) => incident.action !== 'alert'),
      shown.join('\n'),
    ).to.deep.equal([]);
    expect(told.length, shown.join('\n')).to.be.at.most(1);
  });
});
