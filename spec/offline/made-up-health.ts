import { type MadeUpStream, times } from './made-up-stream.ts';

const names = ['acorn', 'birch', 'cedar', 'dahlia', 'elm', 'fern', 'gorse', 'hazel', 'iris', 'juniper'] as const;

/** Programs at work: none may be acted on, and hardly one warned of. */
export const madeUpHealth: readonly MadeUpStream[] = [
  {
    name: 'a package installer',
    linesPerSecond: 15,
    make: (script, dice) =>
      times(600, (n) => {
        const name = `${dice.pick(names)}-${dice.pick(names)}-${n}`;
        script.say(
          dice.pick([
            `npm http fetch GET 200 https://registry.example/${name} ${dice.roll(400)}ms (cache miss)`,
            `added ${name}@${dice.roll(9)}.${dice.roll(20)}.${dice.roll(9)}`,
          ]),
        );
      }),
  },
  {
    name: 'system packages',
    linesPerSecond: 10,
    make: (script, dice) =>
      times(150, (n) => {
        const name = `lib${dice.pick(names)}${n}`;
        script.say(
          `Selecting previously unselected package ${name}:amd64.`,
          `Preparing to unpack .../${n}-${name}_${dice.roll(9)}.${dice.roll(9)}_amd64.deb ...`,
          `Unpacking ${name}:amd64 ...`,
          `Setting up ${name}:amd64 ...`,
        );
      }),
  },
  {
    name: 'tests by name',
    linesPerSecond: 12,
    make: (script, dice) =>
      times(600, (n) =>
        script.say(
          `tests/test_${dice.pick(names)}.py::test_case[${n}] PASSED    [${String(Math.floor(n / 6)).padStart(3)}%]`,
        ),
      ),
  },
  {
    name: 'tests as dots',
    linesPerSecond: 2,
    make: (script, dice) => times(150, () => script.say('.'.repeat(60 + dice.roll(20)))),
  },
  {
    name: 'tests with a run and a pass line each',
    linesPerSecond: 20,
    make: (script, dice) =>
      times(400, (n) =>
        script.say(
          `=== RUN   TestOrchard/${dice.pick(names)}_${n}`,
          `--- PASS: TestOrchard/${dice.pick(names)}_${n} (0.0${dice.roll(9)}s)`,
        ),
      ),
  },
  {
    name: 'tests of error handling that pass',
    linesPerSecond: 12,
    make: (script, dice) =>
      times(300, (n) =>
        script.say(
          `  ok ${n + 1} - refuses ${dice.pick(names)} with an error`,
          `    # Error: expected ${dice.pick(names)}${n} to be denied`,
        ),
      ),
  },
  {
    name: 'a compiler of many crates',
    linesPerSecond: 5,
    make: (script, dice) =>
      times(400, (n) => script.say(`   Compiling ${dice.pick(names)}-${n} v0.${dice.roll(20)}.${dice.roll(9)}`)),
  },
  {
    name: 'a long build with the same warning in each file',
    linesPerSecond: 6,
    make: (script, dice) =>
      times(200, (n) =>
        script.say(
          `[${n + 1}/200] Building CXX object src/CMakeFiles/app.dir/${dice.pick(names)}_${n}.cpp.o`,
          `src/${dice.pick(names)}_${n}.hpp:${dice.roll(400)}:9: warning: 'old_call' is deprecated [-Wdeprecated-declarations]`,
          '    9 |   old_call(value);',
          '      |   ^~~~~~~~',
        ),
      ),
  },
  {
    name: 'a linter with five hundred errors',
    linesPerSecond: 400,
    make: (script, dice) =>
      times(500, (n) =>
        script.say(
          `src/${dice.pick(names)}/${n}.ts:${dice.roll(300)}:${dice.roll(80)}  error  'x' is never used  no-unused-vars`,
        ),
      ),
  },
  {
    name: 'pods that come up',
    linesPerSecond: 0.5,
    make: (script, dice) =>
      times(120, (n) =>
        script.say(
          `web-7d9f8b6c5-${dice.hex(5)}   ${n % 2}/1     ${dice.pick(['ContainerCreating', 'Running', 'Pending'])}   0          ${n * 2}s`,
        ),
      ),
  },
  {
    name: 'an echo each second',
    linesPerSecond: 1,
    make: (script, dice) =>
      times(1500, (n) =>
        script.say(`64 bytes from 192.0.2.1: icmp_seq=${n + 1} ttl=57 time=${10 + dice.roll(5)}.${dice.roll(9)} ms`),
      ),
  },
  {
    name: 'files copied to another host',
    linesPerSecond: 8,
    make: (script, dice) =>
      times(250, (n) =>
        script.say(
          `photos/${dice.pick(names)}/${n}.jpg`,
          `      ${dice.roll(999)},${100 + dice.roll(899)} 100%   ${dice.roll(40)}.${dice.roll(99)}MB/s    0:00:00 (xfr#${n}, to-chk=${250 - n}/250)`,
        ),
      ),
  },
  {
    name: 'a watcher that a person works with',
    linesPerSecond: 20,
    make: (script, dice) =>
      times(60, () => {
        script.say(
          'asset main.js 1.21 MiB [emitted] (name: main)',
          `webpack 5.90.0 compiled successfully in ${100 + dice.roll(300)} ms`,
        );
        script.wait(5 + dice.roll(40));
      }),
  },
  {
    name: 'a training on its plateau',
    linesPerSecond: 2,
    make: (script, dice) =>
      times(1200, (n) =>
        script.say(`epoch ${1 + Math.floor(n / 60)}/20 step ${n % 60}/60 loss=0.693${dice.roll(3)} lr=0.0001`),
      ),
  },
  {
    name: 'a training without a counter, its loss on a plateau',
    linesPerSecond: 1,
    make: (script, dice) =>
      times(900, () =>
        script.say(
          `loss ${(0.69 + dice.roll(900) / 100_000).toFixed(5)} grad ${(1 + dice.roll(100_000) / 100_000).toFixed(5)}`,
        ),
      ),
  },
  {
    name: 'a job of each minute, for a day',
    linesPerSecond: 20,
    make: (script, dice) =>
      times(1440, () => {
        script.say(`${script.at()} backup started`, `${script.at()} backup finished in ${dice.roll(900)} ms`);
        script.wait(59);
      }),
  },
  {
    name: 'the ticks of a game server',
    linesPerSecond: 1,
    make: (script, dice) =>
      times(1800, () =>
        script.say(`[${script.clock()}] [Server thread/INFO]: tick 20.0 TPS, ${3 + dice.roll(3)} players online`),
      ),
  },
  {
    name: 'a web server with its health checks',
    linesPerSecond: 3,
    make: (script, dice) =>
      times(1200, (n) =>
        script.say(
          n % 5 === 0
            ? `127.0.0.1 - - [03/Mar/2031:${script.clock()} +0000] "GET /health HTTP/1.1" 200 2`
            : `198.51.100.${dice.roll(250)} - - [03/Mar/2031:${script.clock()} +0000] "GET /${dice.pick(names)}/${dice.roll(5000)} HTTP/1.1" ${dice.pick([200, 200, 200, 304, 404])} ${dice.roll(20000)}`,
        ),
      ),
  },
  {
    name: 'a wait for a rollout',
    linesPerSecond: 1,
    make: (script) =>
      times(300, (n) =>
        script.say(
          `Waiting for deployment "web" rollout to finish: ${Math.floor(n / 60)} of 5 updated replicas are available...`,
        ),
      ),
  },
  {
    name: 'a poll of a build that takes its time',
    linesPerSecond: 0.5,
    make: (script) => times(400, (n) => script.say(`build 8812 is still running (${n * 2}s)`)),
  },
  {
    name: 'resources that take minutes to create',
    linesPerSecond: 10,
    make: (script) =>
      times(40, (n) => {
        for (const name of names.slice(0, 4))
          script.say(`aws_db_instance.${name}: Still creating... [${Math.floor(n / 6)}m${(n % 6) * 10}s elapsed]`);
        script.wait(9.6);
      }),
  },
  {
    name: 'frames of a video, without a terminal',
    linesPerSecond: 2,
    make: (script, dice) =>
      times(600, (n) =>
        script.say(
          `frame=${String(n * 25).padStart(6)} fps= 25 q=28.0 size=${n * 90}kB time=00:${String(Math.floor(n / 60) % 60).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}.00 bitrate=${1000 + dice.roll(500)}.${dice.roll(9)}kbits/s speed=1.0x`,
        ),
      ),
  },
  {
    name: 'a batch that skips bad rows',
    linesPerSecond: 40,
    make: (script, dice) =>
      times(900, (n) =>
        script.say(
          dice.roll(8) === 0
            ? `row ${n}: skipped, invalid date`
            : `row ${n}: stored ${dice.pick(names)} ${dice.hex(6)}`,
        ),
      ),
  },
  {
    name: 'a downloader that tries some files again',
    linesPerSecond: 6,
    make: (script, dice) =>
      times(200, (n) => {
        const name = `${dice.pick(names)}-${n}.tar`;
        if (dice.roll(4) === 0)
          script.say(`error: ${name}: timeout (attempt 1/3)`, `error: ${name}: timeout (attempt 2/3)`);
        script.say(`fetched ${name} (${dice.roll(900)} kB)`);
      }),
  },
  {
    name: 'workers at their tasks',
    linesPerSecond: 12,
    make: (script, dice) =>
      times(500, () => {
        const id = dice.uuid();
        const task = `app.tasks.${dice.pick(names)}`;
        script.say(
          `[${script.at()}: INFO/MainProcess] Task ${task}[${id}] received`,
          `[${script.at()}: INFO/ForkPoolWorker-${1 + dice.roll(4)}] Task ${task}[${id}] succeeded in 0.0${dice.roll(99)}s: ${dice.roll(100)}`,
        );
      }),
  },
  {
    name: 'a crawler that meets missing pages',
    linesPerSecond: 5,
    make: (script, dice) =>
      times(500, (n) =>
        script.say(
          `${dice.pick(['GET', 'GET', 'HEAD'])} https://${dice.pick(names)}.example/${dice.pick(names)}/${n} ${dice.pick(['200', '200', '200', '404 not found', '500 error'])}`,
        ),
      ),
  },
  {
    name: 'a scheduler and its heartbeat',
    linesPerSecond: 1,
    make: (script, dice) =>
      times(900, (n) =>
        script.say(
          n % 6 === 0
            ? `[${script.at()}] {scheduler.py:251} INFO - ${dice.roll(4)} tasks up for execution`
            : `[${script.at()}] {scheduler.py:310} INFO - heartbeat`,
        ),
      ),
  },
  {
    name: 'a listing of many files',
    linesPerSecond: 3000,
    make: (script, dice) =>
      times(6000, (n) => script.say(`/usr/share/${dice.pick(names)}/${dice.pick(names)}/errors/${n}.txt`)),
  },
  {
    name: 'layers of an image',
    linesPerSecond: 10,
    make: (script, dice) =>
      times(300, (n) =>
        script.say(
          `${dice.pick(['a3ed95caeb02', '8c3b70e39044', '45b42c59be33'])}: Downloading [${'='.repeat(n % 40)}>] ${n}.${dice.roll(9)}MB/300MB`,
        ),
      ),
  },
  {
    name: 'migrations of a database',
    linesPerSecond: 3,
    make: (script, dice) =>
      times(150, (n) =>
        script.say(
          `== ${2031000000 + n} Add${dice.pick(names)}To${dice.pick(names)}: migrating ====`,
          `-- add_column(:${dice.pick(names)}, :field_${n}, :string)`,
          `   -> 0.0${dice.roll(999)}s`,
          `== ${2031000000 + n} migrated (0.0${dice.roll(999)}s) ====`,
          '',
        ),
      ),
  },
];
