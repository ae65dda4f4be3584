import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { loadApiKey } from '#config/api-keys';
import { installKey } from '#config/install-key';

describe('the API key', () => {
  let dir = '';
  const places = () => ({ env: {}, packageRoot: path.join(dir, 'checkout'), home: path.join(dir, 'home') });
  const keyFile = () => path.join(dir, 'checkout', '.flowforge.env');

  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ff-key-'));
    mkdirSync(path.join(dir, 'checkout'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is made once, 0600, and is the same ever after', () => {
    const first = loadApiKey(places());
    expect(first).to.include({ created: true, source: keyFile() });
    expect(first.key).to.have.length(43);
    expect(statSync(keyFile()).mode & 0o777).to.equal(0o600);
    expect(loadApiKey(places())).to.deep.equal({ key: first.key, created: false, source: keyFile() });
  });

  it('comes from the environment first, and is then written nowhere', () => {
    const given = loadApiKey({ ...places(), env: { FLOWFORGE_API_KEY: 'k'.repeat(20) } });
    expect(given.source).to.equal('FLOWFORGE_API_KEY');
    expect(() => statSync(keyFile())).to.throw();
  });

  it('is too short below 16 characters', () => {
    expect(() => loadApiKey({ ...places(), env: { FLOWFORGE_API_KEY: 'short' } })).to.throw('at least 16 characters');
  });

  it('goes to the home where the checkout cannot be written', () => {
    const nowhere = { ...places(), packageRoot: '/dev/null/checkout' };
    expect(loadApiKey(nowhere).source).to.equal(path.join(dir, 'home', '.flowforge.env'));
  });

  it('is added to a file that holds other things', () => {
    writeFileSync(keyFile(), 'FLOWFORGE_BIND_HOST=127.0.0.1\n', { mode: 0o600 });
    const { key } = loadApiKey(places());
    expect(readFileSync(keyFile(), 'utf8')).to.equal(`FLOWFORGE_BIND_HOST=127.0.0.1\nFLOWFORGE_API_KEY=${key}\n`);
  });

  it('is refused from a file that others can read, with the command that mends it', () => {
    writeFileSync(keyFile(), `FLOWFORGE_API_KEY=${'k'.repeat(20)}\n`);
    chmodSync(keyFile(), 0o644);
    expect(() => loadApiKey(places())).to.throw(`chmod 600 ${keyFile()}`);
  });

  it('is refused through a symbolic link, and the target is not touched', () => {
    const target = path.join(dir, 'target');
    writeFileSync(target, 'precious\n', { mode: 0o600 });
    symlinkSync(target, keyFile());
    expect(() => loadApiKey(places())).to.throw('symbolic link');
    expect(readFileSync(target, 'utf8')).to.equal('precious\n');
  });

  it('is refused from a file of somebody else', function () {
    if (process.getuid?.() !== 0) this.skip();
    writeFileSync(keyFile(), `FLOWFORGE_API_KEY=${'k'.repeat(20)}\n`, { mode: 0o600 });
    chmodSync(dir, 0o755);
    const asOther = { ...places() };
    const realGetuid = process.getuid;
    process.getuid = () => 65_534;
    try {
      expect(() => loadApiKey(asOther)).to.throw('belongs to user 0');
    } finally {
      process.getuid = realGetuid;
    }
  });

  it('keeps its value when the installer gives old names their new ones and tightens the mode', () => {
    writeFileSync(
      keyFile(),
      `# kept\nSENTINEL_API_KEY=${'s'.repeat(32)}\nSENTINEL_BIND_HOST=127.0.0.1\nOPENAI_API_KEY=not-ours\n`,
    );
    chmodSync(keyFile(), 0o644);
    const installed = installKey(places());
    expect(installed.key).to.equal('s'.repeat(32));
    expect(installed.notes).to.have.length(2);
    expect(statSync(keyFile()).mode & 0o777).to.equal(0o600);
    expect(readFileSync(keyFile(), 'utf8')).to.equal(
      `# kept\nFLOWFORGE_API_KEY=${'s'.repeat(32)}\nFLOWFORGE_BIND_HOST=127.0.0.1\nOPENAI_API_KEY=not-ours\n`,
    );
    expect(installKey(places())).to.deep.equal({ key: 's'.repeat(32), created: false, source: keyFile(), notes: [] });
  });
});
