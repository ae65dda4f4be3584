import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { readGatewaySettings } from '#config/gateway-settings';

const longKey = 'k'.repeat(43);

describe('where the gateway listens', () => {
  let dir = '';
  const withFile = (text: string, env: Record<string, string> = {}) => {
    writeFileSync(path.join(dir, 'checkout', '.flowforge.env'), text, { mode: 0o600 });
    return readGatewaySettings({ env, packageRoot: path.join(dir, 'checkout'), home: path.join(dir, 'home') });
  };
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ff-bind-'));
    mkdirSync(path.join(dir, 'checkout'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is this machine alone, and its own pages alone, when nothing is said', () => {
    expect(withFile(`FLOWFORGE_API_KEY=${longKey}\n`)).to.deep.equal({
      host: '127.0.0.1',
      allowedOrigins: [],
      apiKey: longKey,
    });
  });

  it('is read from .flowforge.env, old names included, and from the environment before it', () => {
    const text = `FLOWFORGE_API_KEY=${longKey}\nGUARD_BIND_HOST=127.0.0.2\nFLOWFORGE_ALLOWED_ORIGIN=http://localhost:5173, https://a.example\n`;
    expect(withFile(text)).to.deep.include({
      host: '127.0.0.2',
      allowedOrigins: ['http://localhost:5173', 'https://a.example'],
    });
    expect(withFile(text, { FLOWFORGE_BIND_HOST: '127.0.0.3' }).host).to.equal('127.0.0.3');
  });

  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.evil.example'])
    it(`is not ${host} without a word that says so and a long key`, () => {
      const bind = `FLOWFORGE_BIND_HOST=${host}\n`;
      const allow = 'FLOWFORGE_ALLOW_REMOTE=1\n';
      expect(() => withFile(`FLOWFORGE_API_KEY=${longKey}\n${bind}`)).to.throw('FLOWFORGE_ALLOW_REMOTE=1');
      expect(() => withFile(`FLOWFORGE_API_KEY=${'k'.repeat(31)}\n${bind}${allow}`)).to.throw('at least 32 bytes');
      expect(withFile(`FLOWFORGE_API_KEY=${longKey}\n${bind}${allow}`).host).to.equal(host);
    });

  it('answers no pattern of origins', () => {
    for (const origin of ['*', 'https://*.example', 'localhost:5173', 'http://a.example/path', 'null'])
      expect(() => withFile(`FLOWFORGE_API_KEY=${longKey}\nFLOWFORGE_ALLOWED_ORIGIN=${origin}\n`), origin).to.throw(
        'expected origins like',
      );
  });
});
