import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';

const assets = path.resolve('dist/client/assets');
const mostKb = 190;
const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
const textOf = (name: string): string => readFileSync(path.join(assets, name), 'utf8');

describe('the policy editor in the built dashboard', () => {
  it('is one chunk of at most 190 KB, compressed', () => {
    const sizes = scripts
      .filter((name) => name.startsWith('policy-editor'))
      .map((name) => gzipSync(textOf(name)).length / 1024);
    console.log(`      ${sizes.map((kb) => kb.toFixed(0)).join(' and ')} KB`);
    expect(sizes).to.have.length(1);
    expect(sizes[0]).to.be.at.most(mostKb);
  });

  it('is fetched only where a policy is edited', () => {
    const first = scripts.filter((name) => name.startsWith('index-'));
    const page = readFileSync(path.resolve('dist/client/index.html'), 'utf8');
    expect(page).to.not.include('policy-editor');
    for (const name of first) expect(textOf(name), name).to.not.match(/(import|from) ?"\.\/policy-editor/);
  });
});
