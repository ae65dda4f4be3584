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
  ];
  for (const [what, a, b] of counted) {
    it(`sees ${what} in L1 and not in L2`, () => {
      expect(shapeOf(a).l1).not.to.equal(shapeOf(b).l1);
      expect(shapeOf(a).l2).to.equal(shapeOf(b).l2);
    });
  }

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
    'Fehler beim Lesen',
    'échec de la connexion',
    '파일 에러가 발생하였습니다',
    '接続に失敗しました',
    '连接错误',
    'Ошибка подключения',
    'fallo de red',
  ];
  for (const text of failing) {
    it(`are heard in ${JSON.stringify(text)}`, () => {
      expect(shapeOf(text).flags & lineFlag.failing).not.to.equal(0);
    });
  }

  const fine = [
    '0 errors, 0 failed',
    'no errors found',
    'Failures: 0, Errors: 0',
    '"failed": 0',
    'finished without error',
    'writing to error.log',
    'compiling src/error-handler.ts',
    'GET /errors/12 200',
    'child exited with code 0',
    'PASS retry_policy_is_kept',
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
  it('is neither a date, a path, a version nor a count that passed its end', () => {
    for (const text of ['on 10/12/2031', 'GET /items/12/40', 'HTTP/1.1 200', 'kept 12/3', '250% more'])
      expect(shapeOf(text).flags & lineFlag.progress, text).to.equal(0);
  });
});
