import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { checkPolicy } from '#config/check-policy';
import { openPolicyStore } from '#config/policy-store';
import { createPolicyBook } from '#coordinator/policy-book';
import { createRunTable } from '#coordinator/run-table';
import { withHome } from '../record/temporary-home.ts';
import { joinBook } from './live-followers.ts';

const head = 'apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: p }\n';
const wish = { by: 'cli', who: 'asked for', reason: '' } as const;

/** One file, the runs that come under it, and what the book asks to be watched for it. */
const inBook = (home: string) => {
  const file = path.join(home, 'p.yaml');
  const table = createRunTable();
  const looked = new Set<string>();
  const book = createPolicyBook({
    policiesDir: path.resolve('policies'),
    store: openPolicyStore(home),
    checker: { check: async (policy) => checkPolicy(policy), close: async () => undefined },
    table,
    say: () => undefined,
    tellWorkers: () => undefined,
    preview: async () => [],
    mostActedOn: 9,
    log: () => undefined,
    onFollowed: () => undefined,
    onLooked: (_key, files) => {
      for (const one of files) looked.add(path.basename(one.path));
    },
  });
  const write = (name: string, text: string): void => writeFileSync(path.join(home, name), text);
  const admit = () => book.admit({ kind: 'file', path: file, text: readFileSync(file, 'utf8') });
  const run = async (): Promise<string> => {
    const policy = await admit();
    joinBook({ book, table, home, file }, policy);
    return policy.files.map(({ text }) => text).join('\n');
  };
  return { book, write, run, looked };
};

const good = `${head}rules: [{ id: hot, when: cpu.pct > 50, action: stop }]\n`;
const other = good.replace('> 50', '> 90');
const test =
  'apiVersion: flowforge/v1\nkind: PolicyTest\npolicy: ./p.yaml\ntests:\n  - { name: seventy is hot, signals: { cpu.pct: "70x3" }, expect: [{ at: 1s, rule: hot, state: firing }] }\n';

describe('a policy that is refused', () => {
  it('is watched with the parents that it names, there or not, until one of them is mended', () =>
    withHome(async (home) => {
      const { book, write, run, looked } = inBook(home);
      write('p.yaml', good);
      await run();
      write('p.yaml', `${head}extends: [./new.yaml]\n`);
      await book.reload('all', wish);
      expect(book.active()[0]?.problem).to.match(/p\.yaml:4:11: unknown parent "\.\/new\.yaml"/);
      expect([...looked]).to.include('new.yaml');
      write('new.yaml', `${head}rules: [{ id: hot, when: cpu.pctt > 50 }]\n`);
      await book.reload('all', wish);
      expect(book.active()[0]?.problem).to.match(/new\.yaml:4:\d+: unknown signal "?cpu\.pctt/);
      write('new.yaml', other);
      await book.reload('all', wish);
      expect(book.active()[0]).to.include({ problem: null });
    }));

  it('is taken again where it says once more what is in force', () =>
    withHome(async (home) => {
      const { book, write, run } = inBook(home);
      write('p.yaml', good);
      await run();
      write('p.yaml', `${head}extends: [./gone.yaml]\n`);
      await book.reload('all', wish);
      write('p.yaml', good);
      await book.reload('all', wish);
      expect(book.active()[0]).to.include({ problem: null });
    }));

  it('starts no run while the test beside it fails', () =>
    withHome(async (home) => {
      const { write, run } = inBook(home);
      write('p.yaml', other);
      write('p.test.yaml', test);
      const refused = await run().then(
        () => 'started',
        (cause: unknown) => String(cause),
      );
      expect(refused).to.match(/p\.test\.yaml:5:1: its test "seventy is hot" fails/);
      write('p.yaml', good);
      expect(await run()).to.include('> 50');
    }));

  it('leaves a run that comes to others with what is in force for them', () =>
    withHome(async (home) => {
      const { write, run } = inBook(home);
      write('p.yaml', good);
      write('p.test.yaml', test);
      await run();
      write('p.yaml', other);
      expect(await run()).to.include('> 50');
    }));
});
