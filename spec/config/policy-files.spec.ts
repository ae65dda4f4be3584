import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { readNamed, readPolicyText, sourceNamed } from '#config/policy-files';
import { compilePolicy } from '#policy/compile-policy';

const head = (name: string): string => `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: ${name} }\n`;

describe('the files of a policy', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'flowforge-policy-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): void => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const read = (text: string, name = 'mine.yaml') =>
    readPolicyText({ kind: 'file', path: path.join(folder, name), text }, path.resolve('policies'));
  const ids = (text: string, name?: string): readonly string[] => [...compilePolicy(read(text, name)).ids];

  it('tell the patterns of all of them, once each, for whoever reads the lines', () => {
    const rule = (id: string, pattern: string): string =>
      `{ id: ${id}, detect: { log_match: { pattern: ${pattern} } } }`;
    write('base.yaml', `${head('base')}rules: [${rule('a', 'nan')}, ${rule('b', 'oops')}]\n`);
    expect(read(`${head('mine')}extends: [./base.yaml]\nrules: [${rule('c', 'nan')}]\n`).patterns).to.deep.equal([
      'nan',
      'oops',
    ]);
    expect(read(head('mine')).patterns).to.deep.equal([]);
  });

  it('tell a shipped name that is mistyped with its place and the name that was meant', () => {
    expect(() => read(`${head('mine')}extends: [standrad]\n`)).to.throw(
      /mine\.yaml:4:11: unknown parent "standrad"\. Did you mean standard\?\n {2}extends: \[standrad\]\n {12}\^$/,
    );
  });

  it('tell a file that is not there with its place and the file that was meant', () => {
    write('team/base.yaml', head('base'));
    expect(() => read(`${head('mine')}extends:\n  - ./team/bsae.yaml\n`)).to.throw(
      /mine\.yaml:5:5: unknown parent "\.\/team\/bsae\.yaml"\. Did you mean \.\/team\/base\.yaml\?/,
    );
    expect(() => read(`${head('mine')}extends: [./nowhere/at-all.yaml]\n`)).to.throw(
      'mine.yaml:4:11: unknown parent "./nowhere/at-all.yaml": there is no such file',
    );
  });

  it('tell it in the parent that names it, not in the policy that stands on that one', () => {
    write('team.yaml', `${head('team')}extends: [local-defalt]\n`);
    expect(() => read(`${head('mine')}extends: [./team.yaml]\n`)).to.throw(
      /team\.yaml:4:11: unknown parent "local-defalt"\. Did you mean local-default\?/,
    );
  });

  it('may have the same name in two folders, and that of a shipped one', () => {
    for (const name of ['a', 'b'])
      write(`${name}/base.yaml`, `${head('base')}rules:\n  - { id: of-${name}, when: cpu.pct > 90 }\n`);
    expect(ids(`${head('mine')}extends: [./a/base.yaml, ./b/base.yaml]\n`)).to.include.members(['of-a', 'of-b']);
    expect(ids(`${head('mine')}extends: [standard]\n`, 'standard.yaml')).to.include('tool-loop');
  });

  it('tell what was expected, and what may have been meant, where a named one is not there', () => {
    write('mine.yaml', head('mine'));
    const named = (name: string): string => path.join(folder, name);
    expect(() => sourceNamed(named('mien.yaml'))).to.throw(
      `there is no file ${named('mien.yaml')}; expected a policy, or one of local-default, standard, agent-fleet. ` +
        `Did you mean ${named('mine.yaml')}?`,
    );
    expect(() => readNamed(`${folder}/`, 'tests')).to.throw(`${folder}/ is a folder; expected tests.`);
    expect(sourceNamed(named('mine.yaml'))).to.include({ kind: 'file', text: head('mine') });
    expect(sourceNamed('standard')).to.deep.equal({ kind: 'shipped', name: 'standard' });
  });
});
