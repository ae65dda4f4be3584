import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { apiKey, createForge, type Finished, type Forge } from './flowforge.ts';

describe('bad input', function () {
  this.timeout(120_000);
  let forge: Forge;
  let dir = '';
  const put = (name: string, text: string, mode = 0o644): string => {
    const file = path.join(dir, name);
    writeFileSync(file, text, { mode });
    return file;
  };
  const refuses = ({ code, stdout, stderr }: Finished, want: { code: number; says: (string | RegExp)[] }): void => {
    expect(code, stderr).to.equal(want.code);
    expect(stdout).to.equal('');
    for (const words of want.says)
      expect(stderr).to.match(words instanceof RegExp ? words : new RegExp(literally(words)));
    expect(stderr).to.not.match(/\n {4}at /);
  };

  before(async () => {
    forge = createForge();
    dir = mkdtempSync(path.join(tmpdir(), 'ff-bad-'));
    await forge.run('daemon', 'start');
  });
  afterEach('nothing is broken after it', async () => {
    const fine = await forge.run('run', '--', 'echo', 'still here');
    expect(fine, fine.stderr).to.include({ code: 0, stdout: 'still here\n', stderr: '' });
  });
  after(async () => {
    await forge.end();
    rmSync(dir, { recursive: true, force: true });
  });

  it('is an unknown command, option or argument, and help is near', async () => {
    refuses(await forge.run('staus'), { code: 2, says: ["unknown command 'staus'", 'next: flowforge --help'] });
    refuses(await forge.run('ps', '--jsn'), { code: 2, says: ["unknown option '--jsn'", 'Did you mean --json'] });
    refuses(await forge.run('run', '--max-menory', '1GiB', '--', 'true'), { code: 125, says: ['--max-menory'] });
    refuses(await forge.run('run'), { code: 125, says: ["missing required argument 'command'"] });
    refuses(await forge.run('logs', 'x', '-n', 'many'), { code: 2, says: ['expected a whole number'] });
  });

  it('is a command that cannot be started: 127 for what is not there, 126 for what cannot be executed', async () => {
    const plain = put('plain.txt', 'no program\n');
    const orphan = put('orphan.sh', '#!/no/such/interpreter\n', 0o755);
    const starts = (...argv: string[]): Promise<Finished> => forge.run('run', '--', ...argv);
    refuses(await starts('no-such-command'), { code: 127, says: ['no-such-command: no such command on PATH'] });
    refuses(await starts('./no/such/file'), { code: 127, says: ['./no/such/file: no such file'] });
    refuses(await starts(dir), { code: 126, says: [`${dir} is a directory`] });
    refuses(await starts(plain), { code: 126, says: ['is not executable', `chmod +x ${plain}`] });
    refuses(await starts(orphan), { code: 127, says: ['/no/such/interpreter, which is not there'] });
    const states = (await forge.ps()).filter(({ exitCode }) => exitCode === 126 || exitCode === 127);
    expect(states.map(({ state }) => state)).to.deep.equal(Array(5).fill('failed'));
    refuses(await forge.run('run', '--cwd', `${dir}/nowhere`, '--', 'true'), {
      code: 125,
      says: ['no such directory'],
    });
    refuses(await forge.run('run', '--detach', '--', 'no-such-command'), { code: 127, says: ['no such command'] });
  });

  it('is a flag or a variable with a value that cannot be, and the fix is named', async () => {
    const flagged = (...flags: string[]): Promise<Finished> => forge.run('run', ...flags, '--', 'true');
    refuses(await flagged('--max-mem', '12'), { code: 125, says: ['--max-mem', 'Write 12MiB'] });
    refuses(await flagged('--timeout', 'never'), {
      code: 125,
      says: ['--timeout', 'like 500ms, 10s or 1h30m', '"never"'],
    });
    refuses(await flagged('--max-cpu', '0'), { code: 125, says: ['--max-cpu: expected percent of one core from 1'] });
    refuses(await flagged('--profile', 'heavvy'), { code: 125, says: ['Did you mean heavy?'] });
    refuses(await flagged('--policy-canary-percent', '101'), { code: 125, says: ['from 0 to 100'] });
    refuses(await flagged('--label', 'team'), { code: 125, says: ['--label team: expected key=value'] });
    refuses(await flagged('--restart', 'sometimes'), { code: 125, says: ['on-failure[:N]'] });
    refuses(await forge.runWith({ env: { FLOWFORGE_GRACE: '3' } }, 'run', '--', 'true'), {
      code: 125,
      says: ['FLOWFORGE_GRACE', 'Write 3s'],
    });
    refuses(await forge.runWith({ env: { FLOWFORGE_PORT: '99999' } }, 'ps'), { code: 1, says: ['from 0 to 65535'] });
  });

  it('is a configuration or a policy that is not YAML, or says what cannot be: told with file, line and column', async () => {
    const project = path.join(dir, 'project');
    mkdirSync(project, { recursive: true });
    const inProject = (text: string): Promise<Finished> => {
      writeFileSync(path.join(project, 'flowforge.yaml'), text);
      return forge.runWith({ cwd: project }, 'run', '--', 'true');
    };
    const config = path.join(project, 'flowforge.yaml');
    refuses(await inProject('profile: [light\n'), { code: 125, says: [`${config}:2:1: not valid YAML`] });
    refuses(await inProject('a: b\n'), { code: 125, says: [`${config}:1:1: unknown key "a"`, 'Known here'] });
    refuses(await inProject('\nmax-cpu: none\n'), { code: 125, says: [`${config}:2:10: max-cpu: expected`, '"none"'] });
    refuses(await forge.run('run', '--config', `${dir}/none.yaml`, '--', 'true'), { code: 125, says: ['none.yaml'] });
    const withPolicy = (text: string): Promise<Finished> =>
      forge.run('run', '--policy', put('own.yaml', text), '--', 'true');
    const own = path.join(dir, 'own.yaml');
    const head = 'apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: own }\n';
    refuses(await withPolicy('rules: [\n'), { code: 125, says: [`${own}:2:1: not YAML`] });
    refuses(await withPolicy(`${head}rollout: { mode: canary, percent: 200 }\n`), {
      code: 125,
      says: [`${own}:4:35: rollout.percent: expected at most 100, got 200`],
    });
    refuses(await withPolicy(`${head}rules:\n  - { id: hot, when: "cpu.pctt > 50", action: stop }\n`), {
      code: 125,
      says: [/own\.yaml:5:\d+: .*cpu\.pctt.*Did you mean cpu\.pct/],
    });
    refuses(await forge.run('run', '--policy', 'standart', '--', 'true'), {
      code: 125,
      says: ['"standart"', 'standard'],
    });
  });

  it('is a run that nobody knows, or a beginning that several share', async () => {
    for (const command of ['inspect', 'why', 'logs', 'stop', 'restart', 'pause', 'resume'])
      refuses(await forge.run(command, 'nobody'), {
        code: 1,
        says: ['There is no run "nobody"', 'flowforge ps --all'],
      });
    for (const n of [1, 2]) expect((await forge.run('run', '--', 'echo', String(n))).code).to.equal(0);
    const [{ runId = '' } = {}] = await forge.ps();
    refuses(await forge.run('inspect', runId.slice(0, 2)), { code: 1, says: ['is not enough', runId] });
  });

  it('is a port that another program listens on', async () => {
    const { server, port } = await listening();
    const home = path.join(dir, 'port-taken');
    const env = { FLOWFORGE_HOME: home, FLOWFORGE_PORT: String(port) };
    refuses(await forge.runWith({ env }, 'run', '--', 'true'), {
      code: 125,
      says: [`127.0.0.1:${port} is in use by another program`, 'FLOWFORGE_PORT'],
    });
    await new Promise((resolve) => server.close(resolve));
    const then = await forge.runWith({ env }, 'run', '--', 'echo', 'free again');
    expect(then, then.stderr).to.include({ code: 0, stdout: 'free again\n' });
    await forge.runWith({ env }, 'daemon', 'stop', '--jobs');
  });

  it('is a home that cannot be written, here and without a daemon', async () => {
    for (const home of ['/proc/flowforge', path.join(put('file', ''), 'home')]) {
      const env = { FLOWFORGE_HOME: home };
      const says = [home, 'set FLOWFORGE_HOME to a directory of yours'];
      refuses(await forge.runWith({ env }, 'run', '--', 'true'), { code: 125, says });
      refuses(await forge.runWith({ env }, 'run', '--no-daemon', '--', 'true'), { code: 125, says });
      refuses(await forge.runWith({ env }, 'ps'), { code: 125, says });
    }
  });

  it('is a second daemon for one home', async () => {
    const { pid } = await forge.status();
    refuses(await forge.run('run', '--no-daemon', '--', 'true'), {
      code: 125,
      says: [`another daemon (process ${pid})`, 'one home has one daemon'],
    });
    expect((await forge.status()).pid).to.equal(pid);
  });

  it('is an address that would open the daemon to other machines without a word', async () => {
    const env = { FLOWFORGE_HOME: path.join(dir, 'open'), FLOWFORGE_BIND_HOST: '0.0.0.0' };
    refuses(await forge.runWith({ env }, 'run', '--', 'true'), { code: 125, says: ['FLOWFORGE_ALLOW_REMOTE=1'] });
    const weak = { ...env, FLOWFORGE_ALLOW_REMOTE: '1', FLOWFORGE_API_KEY: 'k'.repeat(31) };
    refuses(await forge.runWith({ env: weak }, 'run', '--', 'true'), { code: 125, says: ['at least 32 bytes'] });
  });

  it('is a body too large, a wrong key, a body that is no JSON, a field that nobody knows', async () => {
    const { port } = await forge.status();
    const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/process/kill`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
      });
    const told = async (reply: Response): Promise<unknown> => {
      expect(reply.headers.get('content-type')).to.contain('application/problem+json');
      const { status, code, hint, requestId } = (await reply.json()) as Record<string, unknown>;
      expect(hint).to.be.a('string').and.not.equal('');
      expect(requestId).to.equal(reply.headers.get('x-request-id'));
      return [status, code];
    };
    expect(await told(await post(JSON.stringify({ reason: 'x'.repeat(100_000) })))).to.deep.equal([413, 'too-large']);
    expect(await told(await post('{}', { authorization: 'Bearer wrong' }))).to.deep.equal([401, 'unauthorized']);
    expect(await told(await post('{'))).to.deep.equal([400, 'malformed']);
    expect(await told(await post('{"pid":1}'))).to.deep.equal([400, 'invalid']);
    expect(await told(await post('{"runId":"nobody"}'))).to.deep.equal([404, 'unknown-run']);
  });
});

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const listening = (): Promise<{ server: Server; port: number }> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : 0 });
    });
  });
