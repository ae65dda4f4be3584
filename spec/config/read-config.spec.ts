import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { resolvePaths } from '#config/paths';
import { readConfig } from '#config/read-config';

describe('reading the configuration', () => {
  let dir = '';
  const read = (flags: Record<string, unknown> = {}, env: Record<string, string> = {}, cwd = dir) =>
    readConfig({ flags, env: { HOME: path.join(dir, 'nobody'), ...env }, cwd, file: null });
  const project = (text: string): void => writeFileSync(path.join(dir, 'flowforge.yaml'), text);

  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ff-config-'));
    mkdirSync(path.join(dir, '.git'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is standard without any file: 60 % of a core, every 500 ms, 10 lines, nothing of rollout', () => {
    const settings = read();
    expect(settings.profile).to.equal('standard');
    expect(settings.limits).to.include({
      maxCpuPct: 60,
      pollIntervalMs: 500,
      logWindowLines: 10,
      maxMemBytes: null,
      timeoutMs: null,
    });
    expect(settings.policy).to.deep.equal({ kind: 'shipped', name: 'standard' });
    expect(settings.rollout).to.equal(null);
  });

  it('takes the example as it is', () => {
    copyFileSync(path.join(resolvePaths({}).packageRoot, 'flowforge.yaml.example'), path.join(dir, 'flowforge.yaml'));
    expect(read().limits).to.include({ maxCpuPct: 60, pollIntervalMs: 500, logWindowLines: 10 });
    expect(read({ profile: 'heavy' }).limits).to.include({ maxCpuPct: 90, logWindowLines: 20 });
    expect(read().rollout).to.deep.equal({ mode: 'enforce', percent: 10, salt: '' });
  });

  it('lets flags win over the environment, the environment over the project, the project over the user', () => {
    const user = path.join(dir, 'user');
    mkdirSync(path.join(user, 'flowforge'), { recursive: true });
    writeFileSync(
      path.join(user, 'flowforge', 'config.yaml'),
      'max-cpu: 10\ngrace: 1s\ntimeout: 1m\nmodel: from-user\n',
    );
    project('max-cpu: 20\ngrace: 2s\ntimeout: 2m\n');
    const env = { XDG_CONFIG_HOME: user, FLOWFORGE_MAX_CPU: '30', FLOWFORGE_GRACE: '3s' };
    const settings = read({ 'max-cpu': '40' }, env);
    expect(settings.limits).to.include({ maxCpuPct: 40, graceMs: 3_000, timeoutMs: 120_000 });
    expect(settings.model).to.equal('from-user');
    expect(settings.origins).to.include({ 'max-cpu': '--max-cpu', grace: 'FLOWFORGE_GRACE' });
  });

  it('looks for the project file up to the root of the repository and no further', () => {
    const below = path.join(dir, 'a', 'b');
    mkdirSync(below, { recursive: true });
    project('profile: heavy\n');
    expect(read({}, {}, below).profile).to.equal('heavy');
    mkdirSync(path.join(dir, 'a', '.git'));
    expect(read({}, {}, below).profile).to.equal('standard');
  });

  it('rounds the interval to whole ticks', () => {
    project('profiles: { standard: { poll-interval: 740ms } }\n');
    expect(read().limits.pollIntervalMs).to.equal(700);
  });

  it('reads a policy file next to the file that names it', () => {
    writeFileSync(path.join(dir, 'mine.yaml'), 'kind: Policy\n');
    project('policy: ./mine.yaml\n');
    expect(read().policy).to.deep.equal({ kind: 'file', path: path.join(dir, 'mine.yaml'), text: 'kind: Policy\n' });
  });

  it('knows the rollout of the nearest layer: --shadow-mode wins over a file that enforces', () => {
    project('policy-rollout: enforce\npolicy-canary-percent: 25\n');
    expect(read({ 'shadow-mode': true }).rollout).to.deep.equal({ mode: 'shadow', percent: 25, salt: '' });
    expect(read({ 'policy-rollout': 'canary' }).rollout).to.deep.equal({ mode: 'canary', percent: 25, salt: '' });
  });

  const mistakes = [
    [
      'a misspelt key',
      'profile: standard\nmax-cpuu: 3\n',
      /flowforge\.yaml:2:1: unknown key "max-cpuu"\. Did you mean max-cpu\?\n {2}max-cpuu: 3\n {2}\^/,
    ],
    [
      'a word for a number',
      'max-cpu: sixty\n',
      /flowforge\.yaml:1:10: max-cpu: expected percent of one core .* got "sixty"/,
    ],
    [
      'a number out of range',
      'profiles:\n  heavy:\n    max-cpu: 0\n',
      /flowforge\.yaml:3:14: max-cpu: expected .* got 0/,
    ],
    [
      'a duration without unit',
      'grace: 10\n',
      /flowforge\.yaml:1:8: grace: a duration needs a unit, got 10\. Write 10s/,
    ],
    ['a misspelt profile', 'profile: standrad\n', /got "standrad"\. Did you mean standard\?/],
    ['broken YAML', 'profile: [light\n', /flowforge\.yaml:\d+:\d+: not valid YAML/],
    ['a key given twice', 'profile: light\nprofile: heavy\n', /flowforge\.yaml:2:1: not valid YAML/],
    ['a list', '- profile\n', /flowforge\.yaml:1:1: expected keys/],
    ['a prototype in disguise', '__proto__: { polluted: 1 }\n', /unknown key "__proto__"/],
  ] as const;
  for (const [what, text, message] of mistakes) {
    it(`refuses ${what} with its place and what was expected`, () => {
      project(text);
      expect(() => read()).to.throw(message);
    });
  }

  it('refuses a bad flag and a bad variable by their names', () => {
    expect(() => read({ 'max-mem': '200' })).to.throw('--max-mem: a size needs a unit, got 200. Write 200MiB');
    expect(() => read({}, { FLOWFORGE_PROFILE: 'hevy' })).to.throw(
      /FLOWFORGE_PROFILE: expected light, standard or heavy, got "hevy"\. Did you mean heavy\?/,
    );
  });

  it('says which file is missing where one is named', () => {
    expect(() => readConfig({ flags: {}, env: {}, cwd: dir, file: 'gone.yaml' })).to.throw(
      /gone\.yaml: the configuration cannot be read: there is no such file$/,
    );
  });
});
