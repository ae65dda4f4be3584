import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { withGateway } from './running-gateway.ts';

const asBrowser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the files of the dashboard', () => {
  it('are replaced by a word of explanation until they are built', () =>
    withGateway(async ({ send }) => {
      const { status, text } = await send({ path: '/', headers: asBrowser });
      expect(status).to.equal(200);
      expect(text).to.contain('FlowForge is running').and.to.not.contain('<script');
    }));

  it('answer every address that a browser opens with the one page, and nothing else with it', () =>
    withGateway(async ({ send, get, home }) => {
      mkdirSync(join(home, 'client/assets'), { recursive: true });
      writeFileSync(join(home, 'client/index.html'), '<title>dashboard</title>');
      writeFileSync(join(home, 'client/assets/app-1a2b.js'), 'export {};');
      writeFileSync(join(home, 'secret.txt'), 'outside');
      for (const path of ['/', '/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/incidents']) {
        expect((await send({ path, headers: asBrowser })).text, path).to.contain('<title>dashboard');
      }
      expect((await get('/incidents')).body).to.deep.equal({ items: [], nextCursor: null });
      const script = await send({ path: '/assets/app-1a2b.js' });
      expect(script.headers['cache-control']).to.contain('immutable');
      expect((await send({ path: '/', headers: asBrowser })).headers['cache-control']).to.equal('no-cache');
      const unknown = await send({ path: '/v1/nowhere', headers: asBrowser });
      expect(unknown.status).to.equal(404);
      expect(unknown.body.code).to.equal('unknown-route');
      expect((await send({ path: '/nowhere', headers: { accept: 'application/json' } })).status).to.equal(404);
      for (const path of [
        '/../secret.txt',
        '/%2e%2e/secret.txt',
        '/..%2fsecret.txt',
        '/assets/%2e%2e/%2e%2e/secret.txt',
      ]) {
        expect((await send({ path })).text, path).to.not.contain('outside');
      }
    }));
});
