import { expect } from 'chai';
import { lineFlag } from '#protocol/observations';
import { createRedactor } from '#redaction/redact';
import { createLineTap } from '#sampling/line-tap';

const shapeOf = (text: string): { l1: number; l2: number; flags: number } => {
  const tap = createLineTap({ firstLine: 1, redact: createRedactor() });
  tap.feed('stdout', Buffer.from(`${text}\n`), 0);
  const batch = tap.take();
  return { l1: batch?.l1[0] ?? -1, l2: batch?.l2[0] ?? -1, flags: batch?.flags[0] ?? 0 };
};

describe('the shape of a line', () => {
  const same: readonly [string, string, string][] = [
    ['dates and clocks', '2031-04-05 06:07:08,123 ready', '2032-11-30 23:59:59.9 ready'],
    ['times with a zone', '2031-04-05T06:07:08.123Z ready', '2031-04-05T06:07:09+02:00 ready'],
    ['times of web servers', '[05/Apr/2031:06:07:08] ready', '[06/May/2031:07:08:09] ready'],
    ['seconds since 1970', 'at 1711111111 ready', 'at 1799999999.5 ready'],
    ['uuids', 'call 3f2b8a10-1c2d-4e5f-8a9b-0c1d2e3f4a5b over', 'call abcdefab-0000-4111-8222-aaaaaaaaaaaa over'],
    ['hexadecimal ids', 'request daa66d13 over', 'request 0b1c2d3e over'],
    ['addresses', 'object at 0x7ffd1234', 'object at 0x55aa0000'],
    ['made-up ids', 'call toolu_01AbC2dE3fG4 over', 'call toolu_99ZzY8xW7vU6 over'],
    ['durations', 'done in 3 ms', 'done in 57 ms'],
    ['durations without a space', 'done in 1.25s', 'done in 17.5s'],
    ['numbers of processes', 'worker pid=4000 started', 'worker pid=4001 started'],
    ['numbers of attempts', 'attempt 3 begins', 'attempt 4 begins'],
    ['bracketed pids', 'sshd[2420]: closed', 'sshd[2421]: closed'],
    ['colours', '\u001b[31mred\u001b[0m door', 'red door'],
    ['capitals', 'Ready NOW', 'ready now'],
    ['growing bars', '[===>      ] copying', '[========> ] copying'],
    ['spinners', '\u280b copying', '\u2839 copying'],
    ['ASCII spinners', '| copying', '/ copying'],
    ['NUL bytes', 'door\u0000 open', 'door open'],
  ];
  for (const [what, a, b] of same) {
    it(`does not see ${what}`, () => {
      expect(shapeOf(a).l1).to.equal(shapeOf(b).l1);
      expect(shapeOf(a).l2).to.equal(shapeOf(b).l2);
    });
  }

  const counted: readonly [string, string, string][] = [
    ['a moving counter', 'line 7', 'line 8'],
    ['a falling loss', 'loss=2.31', 'loss=2.30'],
    ['numbers in names', 'photos/img_0001.jpg', 'photos/img_0002.jpg'],
    ['versions', 'release 1.2.3', 'release 1.2.4'],
    ['short hexadecimal ids', 'call 7f3a2c over', 'call 19be04 over'],
    ['ids of small letters and digits', 'order k3v9qz1m over', 'order 8w2xpt5c over'],
    ['ids of both cases', 'trace kQ3zmW over', 'trace Zr7PdL over'],
    ['ids of both cases without a digit', 'trace kQzmWxBtPa over', 'trace ZrPdLaYcQw over'],
    ['ids with dashes', 'message V1StGXR8-Z5jdHi6B-myT over', 'message x9QpL2mB-aR7-kw40Tz over'],
    ['names of pods', 'pod web-7d9f8b6c5-x2x4z over', 'pod web-58c6d7f49-bqkwv over'],
    ['temporary files', 'open /tmp/job.qwertz/log', 'open /tmp/job.asdfgh/log'],
  ];
  for (const [what, a, b] of counted) {
    it(`sees ${what} in L1 and not in L2`, () => {
      expect(shapeOf(a).l1).not.to.equal(shapeOf(b).l1);
      expect(shapeOf(a).l2).to.equal(shapeOf(b).l2);
    });
  }

  const named: readonly [string, string][] = [
    ['decode utf8', 'decode utf16'],
    ['sha256 differs', 'sha512 differs'],
    ['built for x86_64', 'built for x86_32'],
    ['node2 is up', 'node3 is up'],
    ['test12 begins', 'test13 begins'],
  ];
  for (const [a, b] of named) {
    it(`tells ${JSON.stringify(a)} from ${JSON.stringify(b)} in L1`, () => {
      expect(shapeOf(a).l1).not.to.equal(shapeOf(b).l1);
    });
  }

  it('reads names of several words, numbers and capitals in L2', () => {
    const names = ['getUserById', 'parseXMLFile', 'iPhone', 'test_12_early', 'test_12_late', 'HTTPServer', 'GitHub'];
    expect(new Set(names.map((name) => shapeOf(`call ${name} now`).l2)).size).to.equal(names.length);
  });

  it('does not take what a dash ties to an id for a part of it when it says something', () => {
    expect(shapeOf('job 3f2b8a10-refused').l2).not.to.equal(shapeOf('job 3f2b8a10-accepted').l2);
  });

  it('sees another word, another order and another mark', () => {
    const shapes = [
      'open the door',
      'close the door',
      'the door open',
      'open the door?',
      '\u2713 the door',
      '\u2717 the door',
    ];
    expect(new Set(shapes.map((text) => shapeOf(text).l2)).size).to.equal(shapes.length);
  });

  it('keeps 0 for lines with nothing to compare', () => {
    for (const text of ['', '   ', '-----------', '+----+----+', '\u2500\u2500\u2500', '. . .']) {
      expect(shapeOf(text)).to.deep.include({ l1: 0, l2: 0 });
      expect(shapeOf(text).flags & lineFlag.blank, text).not.to.equal(0);
    }
  });
});

describe('the words of failure', () => {
  const failing = [
    'ERROR: the pipe is closed',
    'java.io.IOException: stream is gone',
    'ReadTimeoutError raised',
    'connect ECONNREFUSED 10.0.0.1:99',
    'Traceback (most recent call last):',
    '    at open (door.js:12:3)',
    '  File "door.py", line 3, in open',
    'child exited with code 1',
    'exit status 2',
    'the request timed out',
    'the door could not be opened',
    "the door can't be opened",
    'door: no such file or directory',
    'door 7: Connection reset by peer',
    'knock: command not found',
    'the door is already in use',
    'TypeError: door.open is not a function',
    'the server closed the connection unexpectedly',
    'Fehler beim Lesen',
    'échec de la connexion',
    '파일 에러가 발생하였습니다',
    '接続に失敗しました',
    '连接错误',
    'Ошибка подключения',
    'fallo de red',
    'Die Tür 7 konnte nicht geöffnet werden',
    'Der Auftrag 12 darf nicht vergeben werden',
    'la livraison 4 a été refusée, tentative échouée',
    'No se pudo abrir la puerta 7',
    'la solicitud 9 fue rechazada',
    'apertura 7 non riuscita',
    'Não foi possível abrir a porta 7',
    'Nie udało się otworzyć drzwi 7',
    'Otevření dveří 7 se nepodařilo',
    'kapı 7 açma işlemi başarısız',
    'mở cửa 7 thất bại',
    'a 7. ajtó nyitása sikertelen',
    'deschiderea ușii 7 a eșuat',
    'το άνοιγμα της πόρτας 7 απέτυχε',
    'פתיחת דלת 7 נכשלה: נכשל',
    'दरवाज़ा 7 खोलना विफल',
    'เปิดประตู 7 ล้มเหลว',
    'åpning av dør 7 mislyktes',
    'Помилка: двері 7 зачинені',
    'двері 7 відчинити не вдалося',
    'Не удаётся открыть дверь 7',
    '门 7 无法打开',
    'ドア 7 を開けることができません',
    '문 7 을 열 수 없습니다',
    '\u2717 step 7 of the move',
    'not ok 7 - the door opens',
    '10.0.0.7 "GET /doors?n=7 HTTP/1.1" 503 512',
    'POST /doors/7 502 12.5 ms - 91',
    'answer status=504 after 3 tries',
  ];
  for (const text of failing) {
    it(`are heard in ${JSON.stringify(text)}`, () => {
      expect(shapeOf(text).flags & lineFlag.failing).not.to.equal(0);
    });
  }

  const fine = [
    '0 errors, 0 failed',
    'no errors found',
    'the lock was reset',
    'a known door',
    'not again',
    'Failures: 0, Errors: 0',
    '"failed": 0',
    'finished without error',
    'writing to error.log',
    'compiling src/error-handler.ts',
    'GET /errors/12 200',
    'child exited with code 0',
    'PASS retry_policy_is_kept',
    'se puede abrir la puerta 7',
    '변경 사항이 없습니다',
    'alle Türen werden geöffnet, nicht nur diese',
    'ok 7 - the door opens',
    '\u2713 step 7 of the move',
    '\u2717 0 of 9',
    '10.0.0.7 "GET /doors HTTP/1.1" 200 512',
    'GET /doors/503 200 12 ms',
    'GET /doors 512 bytes read',
    'get 503 doors',
    'put door 503 away',
  ];
  for (const text of fine) {
    it(`are not heard in ${JSON.stringify(text)}`, () => {
      expect(shapeOf(text).flags & lineFlag.failing).to.equal(0);
    });
  }
});

describe('a bounded figure', () => {
  it('is a share, or a count with its end', () => {
    for (const text of ['copied 12/100', '40 % done', '40% done', 'epoch 3 of 10'])
      expect(shapeOf(text).flags & lineFlag.progress, text).not.to.equal(0);
  });
  it('is neither a date, a path, a version, a try nor a count that passed its end', () => {
    for (const text of [
      'on 10/12/2031',
      'GET /items/12/40',
      'HTTP/1.1 200',
      'kept 12/3',
      '250% more',
      'attempt 2/5',
      'retry 3 of 10',
    ])
      expect(shapeOf(text).flags & lineFlag.progress, text).to.equal(0);
  });
});
