import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { LogLine } from '#protocol/gateway-api';
import type { TimelineEntry } from '#protocol/views';
import { createForge, type Finished, type Forge } from './flowforge.ts';

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}`);

describe('the logs of runs', function () {
  this.timeout(120_000);

  describe('archived', () => {
    let forge: Forge;
    let runId = '';
    before(async () => {
      forge = createForge({ FLOWFORGE_ARCHIVE_AFTER: '0s' });
      await forge.run('daemon', 'start');
      const script =
        'i=1; while [ $i -le 6000 ]; do echo "line $i"; i=$((i+1)); done; echo oops >&2; printf "\\033[31mred\\033[0m\\000\\n"; echo password=hunter2hunter2';
      const ran = await forge.run('run', '--name', 'printer', '--', 'sh', '-c', script);
      expect(ran.code, ran.stderr).to.equal(0);
      runId = (await forge.ps())[0]?.runId ?? '';
      await forge.until(
        'its log to be archived',
        async () => !existsSync(path.join(forge.home, 'runs', runId, 'stdout.log')),
      );
    });
    after(() => forge.end());

    const logs = (...options: string[]): Promise<Finished> => forge.run('logs', runId, ...options);
    const told = async (...options: string[]): Promise<string[]> => {
      const { code, stdout, stderr } = await logs(...options);
      expect(code, stderr).to.equal(0);
      return stdout === '' ? [] : stdout.trimEnd().split('\n');
    };

    it('are told as they were, without secrets, safe for a terminal', async () => {
      const all = await told();
      expect(all.filter((line) => line.startsWith('line '))).to.deep.equal(numbered(1, 6000));
      expect(all.filter((line) => !/^line|^oops/.test(line))).to.deep.equal([
        '\\x1b[31mred\\x1b[0m\\x00',
        'password=[redacted]',
      ]);
      expect(all).to.include('oops');
    });

    it('are narrowed by stream, by pattern, and to the last lines', async () => {
      expect(await told('--stream', 'stderr')).to.deep.equal(['oops']);
      expect(await told('--stream', 'stdout', '-n', '3', '--grep', '^line 59\\d\\d$')).to.deep.equal(
        numbered(5997, 5999),
      );
      expect(await told('--grep', '(?i)LINE 600[01]?$')).to.deep.equal(['line 600', 'line 6000']);
      expect(await told('--stream', 'stdout', '-n', '1')).to.deep.equal(['password=[redacted]']);
      expect(await told('--stream', 'stdout', '-n', '5500')).to.have.length(5500);
      expect(await told('-n', '0')).to.deep.equal([]);
    });

    it('are narrowed by time', async () => {
      expect(await told('--since', '1h', '--stream', 'stderr')).to.deep.equal(['oops']);
      expect(await told('--since', '0s')).to.deep.equal([]);
      expect(await told('--since', '2001-01-01', '--stream', 'stderr')).to.deep.equal(['oops']);
      expect(await told('--since', '2999-01-01T10:00')).to.deep.equal([]);
    });

    it('are told as JSON, one line each, with stream, place and arrival', async () => {
      const [line] = (await told('--jsonl', '--stream', 'stderr')).map((text) => JSON.parse(text) as LogLine);
      expect(line).to.deep.include({ stream: 'stderr', offset: 0, text: 'oops' });
      expect(line?.atMs).to.be.a('number');
      expect(await told('-f', '--jsonl', '--stream', 'stderr')).to.have.length(1);
    });

    it('refuse what cannot be meant, and say what can', async () => {
      const refuses = async (options: string[], says: RegExp): Promise<void> => {
        const { code, stdout, stderr } = await logs(...options);
        expect({ code, stdout }, stderr).to.deep.equal({ code: 2, stdout: '' });
        expect(stderr).to.match(says);
      };
      await refuses(['--since', 'yesterday'], /--since: expected how long ago \(10m, 1h30m\).*got "yesterday"/);
      await refuses(['--since', '25:00'], /--since: expected/);
      await refuses(['--since', '2026-13-45'], /--since: expected/);
      await refuses(['--grep', '(a)\\1'], /--grep "\(a\).*": back-references are not allowed/);
      await refuses(['--grep', '('], /--grep "\(": not a pattern of RE2: missing closing \)/);
      await refuses(['--stream', 'stdin'], /Allowed choices are stdout, stderr/);
      await refuses(['-n', '-3'], /expected a whole number/);
    });
  });

  it('end with what was there, however fast more comes', async () => {
    const forge = createForge();
    try {
      await forge.run('daemon', 'start');
      await forge.run(
        'run',
        '--detach',
        '--no-kill',
        '--name',
        'busy',
        '--',
        'sh',
        '-c',
        'while echo more; do :; done',
      );
      await forge.until('its first lines', async () => (await forge.run('logs', 'busy', '-n', '1')).stdout !== '');
      const { code, stdout } = await forge.run('logs', 'busy', '--since', '0s');
      expect([code, stdout.split('\n').length < 200_000]).to.deep.equal([0, true]);
      await forge.run('stop', 'busy', '--grace', '0s');
    } finally {
      await forge.end();
    }
  });

  it('are dropped, the oldest first, where they take more than they may; a live one never', async () => {
    const forge = createForge({
      FLOWFORGE_ARCHIVE_AFTER: '0s',
      FLOWFORGE_LOGS_MAX: '3MiB',
    });
    try {
      await forge.run('daemon', 'start');
      const noise = 'head -c 1500000 /dev/urandom | od -An -tx1 -v';
      await forge.run('run', '--detach', '--name', 'alive', '--', 'sh', '-c', `${noise}; exec sleep 600`);
      for (const name of ['first', 'second', 'third']) await forge.run('run', '--name', name, '--', 'sh', '-c', noise);
      const kinds = async (name: string): Promise<readonly string[]> => {
        const { stdout } = await forge.run('why', name, '--json');
        return (JSON.parse(stdout) as { timeline: TimelineEntry[] }).timeline.map(({ kind }) => kind);
      };
      await forge.until('the oldest to be dropped', async () => (await kinds('first')).includes('log-dropped'));
      expect(await kinds('alive')).to.not.include.members(['log-dropped']);
      const gone = await forge.run('logs', 'first');
      expect(gone).to.deep.include({ code: 0, stdout: '' });
      expect(gone.stderr).to.match(/nothing of run \w{26} is left: output dropped: logs take more than/);
      expect((await forge.run('logs', 'alive', '-n', '5')).stdout.trimEnd().split('\n')).to.have.length(5);
      await forge.run('stop', 'alive');
    } finally {
      await forge.end();
    }
  });
});
