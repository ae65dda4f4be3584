import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { allRoutes } from '#gateway/app';
import { createManualClock } from '#runtime/clock';
import { newRunId, requested, started } from '../record/told-facts.ts';
import { apiKey, type RunningGateway, withGateway } from './running-gateway.ts';

const withKey = { authorization: `Bearer ${apiKey}` };
const json = { 'content-type': 'application/json' };

const pathsOf = (): readonly { method: string; path: string }[] =>
  allRoutes('0').flatMap(({ method, paths }) =>
    paths.map((path) => ({ method: method.toUpperCase(), path: path.replace(':id', newRunId()) })),
  );

const enter = async ({ post, send, address }: RunningGateway): Promise<{ cookie: string; csrf: string }> => {
  const { body } = await post('/v1/tickets', {});
  const reply = await send({ path: body.path });
  const [cookie] = (reply.headers['set-cookie']?.[0] ?? '').split(';');
  const session = await send({
    path: '/v1/session',
    headers: { cookie: cookie ?? '', host: `127.0.0.1:${address.port}` },
  });
  return { cookie: cookie ?? '', csrf: session.body.csrfToken };
};

describe('the doors of the gateway', () => {
  it('S1: answer no route, file or unknown path under a foreign host name', () =>
    withGateway(async ({ send, asked, address }) => {
      const everywhere = [
        ...pathsOf(),
        { method: 'GET', path: '/' },
        { method: 'GET', path: '/assets/a.js' },
        { method: 'GET', path: '/nowhere' },
      ];
      for (const { method, path } of everywhere) {
        for (const host of [
          'evil.example',
          `evil.example:${address.port}`,
          '127.0.0.1',
          `127.0.0.1:${address.port}.evil.example`,
        ]) {
          const reply = await send({ method, path, headers: { ...withKey, ...json, host } });
          expect(reply.status, `${method} ${path} as ${host}`).to.equal(421);
        }
      }
      expect(asked).to.deep.equal([]);
      for (const host of ['localhost', '[::1]', '127.0.0.1']) {
        expect(
          (await send({ path: '/v1/runs', headers: { ...withKey, host: `${host}:${address.port}` } })).status,
        ).to.equal(200);
      }
    }));

  it('S2: take no change from a page of another site, nor a form, nor a request without JSON', () =>
    withGateway(async ({ tell, send, asked, address }) => {
      const runId = newRunId();
      await tell(requested(runId), started(runId));
      const kill = { method: 'POST', path: '/process/kill', body: '{}' };
      const foreign = [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: 'http://127.0.0.1:1' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ];
      for (const headers of foreign) {
        expect(
          (await send({ ...kill, headers: { ...withKey, ...json, ...headers } })).status,
          JSON.stringify(headers),
        ).to.equal(403);
      }
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'text/plain; application/json',
      ]) {
        expect((await send({ ...kill, headers: { ...withKey, 'content-type': type } })).status, type).to.equal(415);
      }
      expect((await send({ ...kill, headers: withKey })).status).to.equal(415);
      expect(asked).to.deep.equal([]);
      const own = { ...withKey, ...json, origin: `http://127.0.0.1:${address.port}`, 'sec-fetch-site': 'same-origin' };
      expect((await send({ ...kill, headers: own })).status).to.equal(202);
    }));

  it('answer an allowed origin that shows the key, and its preflight', () =>
    withGateway(
      async ({ send }) => {
        const origin = 'http://localhost:5173';
        const preflight = await send({ method: 'OPTIONS', path: '/v1/runs', headers: { origin } });
        expect(preflight.status).to.equal(204);
        expect(preflight.headers['access-control-allow-origin']).to.equal(origin);
        expect(preflight.headers['access-control-allow-credentials']).to.equal(undefined);
        expect((await send({ path: '/v1/runs', headers: { ...withKey, origin } })).status).to.equal(200);
        expect((await send({ path: '/v1/runs', headers: { ...withKey, origin: `${origin}0` } })).status).to.equal(403);
      },
      { allowedOrigins: ['http://localhost:5173'] },
    ));

  it('S5: tell nothing to whoever has no key', () =>
    withGateway(async ({ send }) => {
      const open = ['/healthz', '/readyz', '/v1/healthz', '/v1/readyz', '/enter'];
      for (const { method, path } of pathsOf().filter((route) => !open.includes(route.path))) {
        const reply = await send({ method, path, headers: json });
        expect(reply.status, `${method} ${path}`).to.equal(401);
        expect(reply.headers['www-authenticate']).to.contain('Bearer');
      }
    }));

  it('S6: refuse a key of any other length or scheme with 401', () =>
    withGateway(async ({ send }) => {
      for (const shown of [
        '',
        'Bearer',
        'Bearer x',
        `Bearer ${apiKey}x`,
        `Bearer ${apiKey.slice(1)}`,
        `Basic ${apiKey}`,
        'Bearer é',
      ]) {
        const headers = { authorization: Buffer.from(shown).toString('latin1') };
        expect((await send({ path: '/v1/runs', headers })).status, shown).to.equal(401);
      }
    }));

  it('S7: slow down guessing after ten wrong keys, tell it once, and never shut out the right key', () =>
    withGateway(async ({ send, reports }) => {
      const statuses: number[] = [];
      for (let n = 0; n < 200; n += 1) {
        statuses.push((await send({ path: '/v1/runs', headers: { authorization: `Bearer wrong-${n}` } })).status);
      }
      expect(statuses.slice(0, 10).every((status) => status === 401)).to.equal(true);
      expect(statuses.slice(10).every((status) => status === 429)).to.equal(true);
      expect((await send({ path: '/v1/runs', headers: withKey })).status).to.equal(200);
      expect(reports.map(({ body }) => body.kind === 'audit-recorded' && body.action)).to.deep.equal(['authenticate']);
    }));

  it('S9: count by the real peer, whatever X-Forwarded-For says', () =>
    withGateway(async ({ send }) => {
      const statuses: number[] = [];
      for (let n = 0; n < 20; n += 1) {
        const headers = {
          authorization: 'Bearer wrong',
          'x-forwarded-for': `10.0.0.${n}`,
          forwarded: `for=10.0.1.${n}`,
        };
        statuses.push((await send({ path: '/v1/runs', headers })).status);
      }
      expect(statuses.filter((status) => status === 429)).to.have.length(10);
    }));

  it('S8: take a ticket once and in time, and no key in a URL', () => {
    const clock = createManualClock();
    return withGateway(
      async ({ post, send, get }) => {
        const { body } = await post('/v1/tickets', {});
        const first = await send({ path: body.path });
        expect(first.status).to.equal(303);
        expect(first.headers['set-cookie']?.[0]).to.contain('HttpOnly').and.to.contain('SameSite=Strict');
        expect((await send({ path: body.path })).status).to.equal(401);
        const late = await post('/v1/tickets', {});
        clock.advance(60_001);
        expect((await send({ path: late.body.path })).status).to.equal(401);
        for (const name of ['token', 'key', 'access_token']) {
          expect((await get(`/v1/runs?${name}=${apiKey}`)).body.code).to.equal('secret-in-url');
        }
      },
      { clock },
    );
  });

  it('let a session of the dashboard read, and change only with the token that its own page can read', () => {
    const clock = createManualClock();
    return withGateway(
      async (running) => {
        const runId = newRunId();
        await running.tell(requested(runId), started(runId));
        const { cookie, csrf } = await enter(running);
        const kill = (headers: Record<string, string>) =>
          running.send({
            method: 'POST',
            path: `/v1/runs/${runId}/stop`,
            body: '{"reason":"x"}',
            headers: { ...json, cookie, ...headers },
          });
        expect((await running.send({ path: '/v1/runs', headers: { cookie } })).status).to.equal(200);
        expect((await kill({})).body.code).to.equal('csrf');
        expect((await kill({ 'x-csrf-token': `${csrf}x` })).status).to.equal(403);
        expect(running.asked).to.deep.equal([]);
        expect((await kill({ 'x-csrf-token': csrf })).status).to.equal(202);
        expect(running.reports.at(-1)?.body).to.include({ kind: 'audit-recorded', actor: 'dashboard' });
        expect((await running.send({ path: '/v1/runs', headers: { cookie: `${cookie}x` } })).status).to.equal(401);
        clock.jump(12 * 3_600_000);
        expect((await running.send({ path: '/v1/runs', headers: { cookie } })).status).to.equal(401);
      },
      { clock },
    );
  });

  it('S10: never turn an id into a path', () =>
    withGateway(async ({ get, tell, home }) => {
      const runId = newRunId();
      await tell(requested(runId), started(runId));
      writeFileSync(join(home, 'secret.txt'), 'outside\n');
      for (const id of [
        '..%2f..%2fsecret.txt',
        '%2e%2e',
        '..',
        '%00',
        '%2fetc%2fpasswd',
        `${runId}%2f..%2f..`,
        'a'.repeat(300),
      ]) {
        const reply = await get(`/v1/runs/${id}/log`);
        expect([400, 404], id).to.include(reply.status);
        expect(reply.text).to.not.contain('outside');
      }
      const { mkdirSync } = await import('node:fs');
      mkdirSync(join(home, 'runs', runId), { recursive: true });
      symlinkSync(join(home, 'secret.txt'), join(home, 'runs', runId, 'stdout.log'));
      expect((await get(`/v1/runs/${runId}/log`)).body.lines).to.deep.equal([]);
    }));

  it('S11 and S29: start nothing over TCP, and take neither commands nor pids', () =>
    withGateway(async ({ tell, post, asked }) => {
      const runId = newRunId();
      await tell(requested(runId), started(runId));
      for (const field of ['cmd', 'args', 'env', 'cwd', 'argv']) {
        expect((await post(`/v1/runs/${runId}/restart`, { reason: 'x', [field]: ['id'] })).status, field).to.equal(400);
      }
      const pid = await post('/process/kill', { pid: 1 });
      expect(pid.status).to.equal(400);
      expect(pid.body.hint).to.contain('runId');
      for (const path of ['/v1/runs', '/v1/daemon/stop', '/v1/faults'])
        expect((await post(path, {})).body.code).to.equal('owner-only');
      expect(asked).to.deep.equal([]);
    }));

  it('S12: let nothing into the prototype of anything', () =>
    withGateway(async ({ tell, post, send, get, asked }) => {
      const runId = newRunId();
      await tell(requested(runId), started(runId));
      for (const body of [
        '{"reason":"x","__proto__":{"polluted":1}}',
        '{"reason":"x","constructor":{"prototype":{"polluted":1}}}',
      ]) {
        await send({ method: 'POST', path: '/process/kill', headers: { ...withKey, ...json }, body });
      }
      await get('/v1/runs?__proto__[polluted]=1&constructor[prototype][polluted]=1');
      await post('/process/kill', JSON.parse('{"__proto__":{"polluted":1}}'));
      expect(Reflect.get({}, 'polluted')).to.equal(undefined);
      for (const { command } of asked) expect(Reflect.get(Object(command), 'polluted')).to.equal(undefined);
    }));

  it('S20: read no body that is larger than it needs, and none that is not JSON', () =>
    withGateway(async ({ post, send }) => {
      const large = await post('/process/kill', { reason: 'x'.repeat(70_000) });
      expect(large.status).to.equal(413);
      expect(large.body.code).to.equal('too-large');
      const broken = await send({
        method: 'POST',
        path: '/process/kill',
        headers: { ...withKey, ...json },
        body: '{"reason":',
      });
      expect(broken.status).to.equal(400);
      expect(broken.body.code).to.equal('malformed');
      const deep = await send({
        method: 'POST',
        path: '/process/kill',
        headers: { ...withKey, ...json },
        body: '['.repeat(20_000) + ']'.repeat(20_000),
      });
      expect(deep.status).to.equal(400);
    }));

  it('S20: stay quick while two hundred readers are slow', () =>
    withGateway(async ({ send, address }) => {
      const slow = Array.from({ length: 200 }, () => connect(address.port, '127.0.0.1'));
      try {
        await Promise.all(slow.map((socket) => new Promise((resolve) => socket.on('connect', resolve))));
        for (const socket of slow) socket.write('GET /v1/runs HTTP/1.1\r\nHost: ');
        const beganMs = performance.now();
        expect((await send({ path: '/healthz' })).status).to.equal(200);
        expect(performance.now() - beganMs).to.be.below(1000);
      } finally {
        for (const socket of slow) socket.destroy();
      }
    }));

  it('S21: keep the socket and every file to their owner', () =>
    withGateway(async ({ address, home, tell, gateway }) => {
      const runId = newRunId();
      await tell(requested(runId));
      await gateway.record({
        atMs: 1,
        rows: [
          {
            runId,
            policyHash: '',
            isFirst: false,
            acknowledged: [],
            extraUsd: {},
            extraTokens: {},
            decisive: [],
            signals: { 'cpu.pct': 1 },
          },
        ],
      });
      for (const path of [
        address.socketPath,
        join(home, 'flowforge.db'),
        join(home, 'flowforge.db-wal'),
        join(home, 'recordings'),
        join(home, 'recordings/tail.jsonl'),
      ]) {
        expect(statSync(path).mode & 0o077, path).to.equal(0);
      }
    }));

  it('trust the unix socket without a key', () =>
    withGateway(async ({ send, tell, reports }) => {
      const runId = newRunId();
      await tell(requested(runId), started(runId));
      expect((await send({ path: '/v1/runs', over: 'unix' })).body.items).to.have.length(1);
      const stop = await send({ method: 'POST', path: '/process/kill', headers: json, body: '{}', over: 'unix' });
      expect(stop.status).to.equal(202);
      expect(reports[0]?.body).to.include({ actor: 'cli' });
    }));

  it('S32: tell browsers not to frame, sniff, refer or run inline script', () =>
    withGateway(async ({ send }) => {
      for (const path of ['/', '/healthz', '/nowhere']) {
        const { headers } = await send({ path, headers: { accept: 'text/html' } });
        expect(headers['content-security-policy'])
          .to.contain("frame-ancestors 'none'")
          .and.to.contain("script-src 'self'")
          .and.to.not.contain('unsafe-eval');
        expect(headers['content-security-policy']).to.not.match(/script-src [^;]*unsafe-inline/);
        expect(headers).to.include({
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'referrer-policy': 'no-referrer',
          'cross-origin-opener-policy': 'same-origin',
        });
        expect(headers['x-powered-by']).to.equal(undefined);
      }
    }));
});
