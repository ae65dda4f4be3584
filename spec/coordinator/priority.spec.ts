import { spawnSync } from 'node:child_process';
import { expect } from 'chai';

const program = `
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { mayGoFirst } from '${new URL('../../server/config/guard-priority.js', import.meta.url)}';
import { asUsual, goFirst } from '${new URL('../../server/coordinator/priority.js', import.meta.url)}';
const may = mayGoFirst();
const nice = () => Number(execFileSync('nice', { encoding: 'utf8' }));
goFirst();
goFirst();
const worker = new Worker('setTimeout(() => undefined, 10_000)', { eval: true });
worker.once('online', () => {
  const threads = readdirSync('/proc/self/task').map((thread) => getPriority(Number(thread)));
  console.log(JSON.stringify({ may, threads: [...new Set(threads)], job: asUsual(nice), other: nice() }));
  process.exit();
});
`;

describe('the priority of the guard', () => {
  // In a process and a session of its own: it is taken for good.
  const play = (command: string, ...args: readonly string[]): unknown => {
    const { stdout, stderr } = spawnSync('setsid', ['--wait', command, ...args, '--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(stderr).to.equal('');
    return JSON.parse(stdout);
  };

  it('comes before that of jobs, which have what it was started with', function () {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return this.skip();
    expect(play(process.execPath)).to.deep.equal({ may: true, threads: [-10], job: 0, other: -10 });
    expect(play('nice', '-n', '5', process.execPath)).to.deep.equal({ may: true, threads: [-10], job: 5, other: -10 });
  });

  it('stays as it is where the right to more is missing', function () {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return this.skip();
    const same = { may: false, threads: [0], job: 0, other: 0 };
    expect(play('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath)).to.deep.equal(same);
    expect(play('setpriv', '--bounding-set=-sys_nice', process.execPath), 'root in a container').to.deep.equal(same);
  });
});
