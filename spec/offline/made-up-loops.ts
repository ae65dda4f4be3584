import { type Dice, type MadeUpStream, times } from './made-up-stream.ts';

/** Jobs that have lost their way, as their logs show it: each must be warned of. */
export const madeUpLoops: readonly MadeUpStream[] = [
  {
    name: 'a JSON logger that cannot connect, with a counter',
    linesPerSecond: 5,
    make: (script, dice) =>
      times(150, (round) =>
        script.say(
          `{"level":30,"time":${1930000000000 + round * 200},"pid":${4000 + round},"msg":"connecting to queue"}`,
          `{"level":50,"time":${1930000000100 + round * 200},"pid":${4000 + round},"err":{"code":"ECONNREFUSED","port":5672},"trace":"${dice.hex(16)}","msg":"connection failed","attempt":${round}}`,
        ),
      ),
  },
  {
    name: 'key=value logs of a worker that is refused',
    linesPerSecond: 4,
    make: (script, dice) =>
      times(200, (round) =>
        script.say(
          `time="${script.at()}" level=error msg="lease renewal refused" worker=${dice.hex(8)} epoch=${round} took=${dice.roll(90)}ms`,
        ),
      ),
  },
  {
    name: 'the header of a cluster controller',
    linesPerSecond: 4,
    make: (script, dice) =>
      times(80, () =>
        script.say(
          `I0303 ${script.clock()}.${100000 + dice.roll(899999)}       1 controller.go:88] "Reconciling" object="shop/web" reconcileID="${dice.uuid()}"`,
          `E0303 ${script.clock()}.${100000 + dice.roll(899999)}       1 controller.go:114] "Reconciler error" err="admission webhook denied the request" reconcileID="${dice.uuid()}"`,
        ),
      ),
  },
  {
    name: 'a Python worker that dies with a trace and is started again',
    linesPerSecond: 8,
    make: (script, dice) =>
      times(40, (round) =>
        script.say(
          `[supervisor] starting worker ${round} (pid ${6000 + round * 7})`,
          'loading model from /models/current',
          'Traceback (most recent call last):',
          '  File "/srv/worker/main.py", line 41, in <module>',
          '    serve(load(path))',
          '  File "/srv/worker/load.py", line 17, in load',
          `    raise Mismatch(f"{handle}")`,
          `worker.load.Mismatch: <Handle object at 0x7f${dice.hex(10)}> has the wrong shape`,
          `[supervisor] worker ${round} exited with code 1`,
        ),
      ),
  },
  {
    name: 'a container that restarts for ever, with strangers in between',
    linesPerSecond: 6,
    make: (script, dice) =>
      times(60, (round) => {
        if (dice.roll(3) === 0)
          script.say(`db_1   | ${script.at()} LOG:  checkpoint complete: wrote ${dice.roll(90)} buffers`);
        script.say(
          'web_1  | > shop@1.0.0 start',
          "web_1  | Error: Cannot find module './routes'",
          `web_1  |     at resolve (node:internal/loader:${1000 + (round % 3)}:15)`,
          'web_1 exited with code 1',
        );
      }),
  },
  {
    name: 'a watcher that sees what it writes itself',
    linesPerSecond: 5,
    make: (script, dice) =>
      times(120, () =>
        script.say(
          `[${script.clock()}] change in dist/app.css, rebuilding`,
          `[${script.clock()}] styles done in ${20 + dice.roll(30)} ms`,
          `[${script.clock()}] wrote dist/app.css`,
        ),
      ),
  },
  {
    name: 'a retry whose pause grows up to three seconds',
    linesPerSecond: 10,
    make: (script) =>
      times(150, (round) => {
        script.say(
          `dial tcp 10.2.0.9:9000: connect: connection refused`,
          `retrying in ${Math.min(3, 0.2 * 2 ** round).toFixed(1)}s (attempt ${round + 1})`,
        );
        script.wait(Math.min(3, 0.2 * 2 ** round));
      }),
  },
  ...(
    [
      ['German', (id: string) => `FEHLER: Verbindung ${id} zum Lager fehlgeschlagen`],
      ['French', (id: string) => `Erreur : la requête ${id} a été refusée par le serveur`],
      ['Spanish', (id: string) => `No se pudo abrir la sesión ${id}: acceso denegado`],
      ['Portuguese', (id: string) => `Falha ao gravar o lote ${id}: disco cheio`],
      ['Italian', (id: string) => `Errore: impossibile leggere il blocco ${id}`],
      ['Polish', (id: string) => `Błąd: nie można otworzyć pliku ${id}`],
      ['Turkish', (id: string) => `Hata: ${id} numaralı istek zaman aşımına uğradı`],
      ['Russian', (id: string) => `Ошибка: не удалось обработать запрос ${id}`],
      ['Chinese', (id: string) => `请求 ${id} 失败,稍后再试`],
      ['Japanese', (id: string) => `要求 ${id} の処理に失敗しました`],
      ['Korean', (id: string) => `요청 ${id} 처리 중 오류가 발생했습니다`],
      ['Arabic', (id: string) => `فشل الطلب ${id} مرة أخرى`],
    ] as const
  ).map(
    ([language, line]): MadeUpStream => ({
      name: `a failing line with an id, in ${language}`,
      linesPerSecond: 4,
      make: (script, dice) => times(150, () => script.say(line(String(10_000 + dice.roll(90_000))))),
    }),
  ),
  {
    name: 'three services that fail, each at its own pace',
    linesPerSecond: 8,
    make: (script, dice) =>
      times(400, () =>
        script.say(
          dice.pick([
            `${script.at()} billing  ERROR invoice ${dice.roll(99999)} rejected by bank`,
            `${script.at()} mailer   ERROR smtp timeout after ${dice.roll(9000)} ms for message ${dice.hex(12)}`,
            `${script.at()} search   ERROR shard ${dice.roll(12)} unavailable`,
            `${script.at()} billing  ERROR invoice ${dice.roll(99999)} rejected by bank`,
          ]),
        ),
      ),
  },
  {
    name: 'an installer that fails and is run again',
    linesPerSecond: 10,
    make: (script, dice) =>
      times(30, () =>
        script.say(
          'npm ERR! code ERESOLVE',
          'npm ERR! ERESOLVE unable to resolve dependency tree',
          'npm ERR! While resolving: shop@1.0.0',
          'npm ERR! Found: left@18.2.0',
          'npm ERR! Could not resolve dependency:',
          'npm ERR! peer left@"^17.0.0" from right@4.1.2',
          `npm ERR! /root/.npm/_logs/2031-03-03T${script.clock().replaceAll(':', '_')}_${100 + dice.roll(899)}Z-eresolve-report.txt`,
          'npm ERR! A complete log of this run can be found in the file above',
        ),
      ),
  },
  {
    name: 'a long trace of a pool whose threads change',
    linesPerSecond: 20,
    make: (script, dice) =>
      times(25, (round) =>
        script.say(
          `${script.at()} WARN  [pool-1-thread-${1 + dice.roll(16)}] o.e.Consumer - poll ${round} failed`,
          'java.lang.IllegalStateException: the stream is closed',
          ...Array.from(
            { length: 30 },
            (_, frame) => `\tat org.example.stream.Frame${frame}.run(Frame${frame}.java:${40 + frame})`,
          ),
          `Caused by: java.io.IOException: broken pipe (session ${dice.uuid()})`,
        ),
      ),
  },
  {
    name: 'a client that asks too often and is told so',
    linesPerSecond: 4,
    make: (script, dice) =>
      times(150, () =>
        script.say(
          `POST /v1/items -> HTTP 429 Too Many Requests (request ${dice.hex(12)}), sleeping ${dice.roll(900)} ms`,
        ),
      ),
  },
  {
    name: 'a program that dies of a bad pointer and is started again',
    linesPerSecond: 4,
    make: (script) =>
      times(80, (round) =>
        script.say(`run.sh: line 12: ${7000 + round} Segmentation fault      (core dumped) ./sim`, 'restarting sim'),
      ),
  },
  {
    name: 'a failing block with a made-up id of noise in each round',
    linesPerSecond: 6,
    make: (script, dice) =>
      times(80, (round) =>
        script.say(
          `round ${round}: opening the gate`,
          `noise ${dice.hex(5)}${String.fromCharCode(103 + dice.roll(19))}${dice.hex(3)} passes by`,
          'the gate is stuck: permission denied',
          'closing the gate',
          `round ${round} failed`,
        ),
      ),
  },
  {
    name: 'requests that a server fails to answer, with a counter, and a pause between them',
    linesPerSecond: 4,
    make: (script) =>
      times(120, (round) => script.say(`GET /doors?n=${round} 503 ${round % 9} ms`, 'sleeping before the next one')),
  },
  {
    name: 'a command that is not there',
    linesPerSecond: 4,
    make: (script) => times(160, () => script.say('./deploy.sh: line 14: kubeclt: command not found')),
  },
  {
    name: 'brokers that cannot be reached, warned of only',
    linesPerSecond: 4,
    make: (script) =>
      times(120, () =>
        script.say(
          `[${script.at().replace('T', ' ').slice(0, 23).replace('.', ',')}] WARN [Consumer clientId=c-1, groupId=g] Connection to node -1 could not be established. Broker may not be available.`,
          `[${script.at().replace('T', ' ').slice(0, 23).replace('.', ',')}] WARN [Consumer clientId=c-1, groupId=g] Bootstrap broker localhost:9092 (id: -1 rack: null) disconnected`,
        ),
      ),
  },
];

const syllables = (dice: Dice): string =>
  Array.from({ length: 4 }, () =>
    dice.pick(['ba', 'lo', 'ri', 'ten', 'mu', 'sol', 'ka', 'ne', 'vi', 'dor', 'pe', 'gan']),
  ).join('');

/** Loops that look like a batch of ever new items: what brings something never said before is taken for work. */
export const madeUpBatches: readonly MadeUpStream[] = [
  {
    name: 'a failing block with one fresh word of noise in each round',
    linesPerSecond: 6,
    make: (script, dice) =>
      times(80, (round) =>
        script.say(
          `round ${round}: opening the gate`,
          `noise ${syllables(dice)} passes by`,
          'the gate is stuck: permission denied',
          'closing the gate',
          `round ${round} failed`,
        ),
      ),
  },
];
