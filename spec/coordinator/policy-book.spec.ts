import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { openPolicyStore } from '#config/policy-store';
import { createPolicyBook, type PolicyBook } from '#coordinator/policy-book';
import { createRunTable } from '#coordinator/run-table';
import type { FactBody } from '#protocol/facts';
import { withHome } from '../record/temporary-home.ts';
import { joinBook } from './live-followers.ts';

const wish = { by: 'cli', who: 'asked for', reason: '' } as const;

/** One file, the runs that come and go under it, and the book between them. */
interface Story {
  readonly file: string;
  readonly book: PolicyBook;
  readonly said: readonly FactBody[];
  save(threshold: number): void;
  /** Starts a run. @returns the text that judges it */
  run(): Promise<string>;
  endAll(): void;
  /** Another daemon comes after this one. */
  restart(): Promise<void>;
}

const textWith = (threshold: number): string =>
  `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: p }\nrules: [{ id: hot, when: cpu.pct > ${threshold} }]\n`;
/** Its own tests speak against it. */
const refused = 666;

const withFile = (tell: (story: Story) => Promise<void>): Promise<void> =>
  withHome(async (home) => {
    const file = path.join(home, 'p.yaml');
    const table = createRunTable();
    const said: FactBody[] = [];
    const open = (): PolicyBook =>
      createPolicyBook({
        policiesDir: home,
        store: openPolicyStore(home),
        checker: {
          check: async ({ policy }) =>
            policy.files[0]?.text === textWith(refused)
              ? { kind: 'refused', problem: 'a test fails', line: null, column: null }
              : { kind: 'good', tests: 2, testsMs: 0 },
          close: async () => undefined,
        },
        table,
        say: (body) => void said.push(body),
        tellWorkers: () => undefined,
        preview: async () => [],
        mostActedOn: 9,
        log: () => undefined,
        onFollowed: () => undefined,
        onLooked: () => undefined,
      });
    let book = open();
    await tell({
      file,
      said,
      get book() {
        return book;
      },
      restart: async () => {
        book = open();
        await book.reload('all', wish);
      },
      save: (threshold) => writeFileSync(file, textWith(threshold)),
      run: async () => {
        const policy = await book.admit({ kind: 'file', path: file, text: readFileSync(file, 'utf8') });
        joinBook({ book, table, home, file }, policy);
        return policy.files[0]?.text.match(/> (\d+)/)?.[1] ?? '';
      },
      endAll: () => {
        for (const { spec } of table.all()) table.drop(spec.runId);
      },
    });
  });

describe('a policy that was rolled back', () => {
  const rollBack = async ({ book, save, run, file, endAll }: Story): Promise<void> => {
    save(50);
    await run();
    const [before] = book.active();
    save(90);
    await book.reload('all', wish);
    const change = await book.rollback({ ...wish, key: `file:${file}`, hash: before?.hash ?? '', accept: true });
    expect(change?.kind).to.equal('applied');
    endAll();
  };

  it('judges all runs that come later the same, also when none was left meanwhile', () =>
    withFile(async (story) => {
      await rollBack(story);
      expect([await story.run(), await story.run()]).to.deep.equal(['50', '50']);
      story.endAll();
      expect([await story.run(), await story.run()]).to.deep.equal(['50', '50']);
    }));

  it('judges runs to come the same under the next daemon, until its file says something else', () =>
    withFile(async (story) => {
      await rollBack(story);
      await story.restart();
      expect(story.book.active()).to.have.length(1);
      expect([await story.run(), await story.run()]).to.deep.equal(['50', '50']);
      story.endAll();
      story.save(70);
      await story.restart();
      expect(story.book.active()).to.deep.equal([]);
      expect(await story.run()).to.equal('70');
      story.endAll();
      await story.restart();
      expect(story.book.active()).to.deep.equal([]);
    }));

  it('gives way to the next text of the file', () =>
    withFile(async (story) => {
      await rollBack(story);
      story.save(70);
      expect([await story.run(), await story.run()]).to.deep.equal(['70', '70']);
    }));

  it('gives way to the file as it is, once that is applied', () =>
    withFile(async (story) => {
      await rollBack(story);
      const source = { kind: 'file', path: story.file, text: '' } as const;
      const change = await story.book.apply({ ...wish, source, runs: 'followers', accept: false });
      expect(change).to.include({ kind: 'applied', runs: 0 });
      expect([await story.run(), await story.run()]).to.deep.equal(['90', '90']);
    }));
});

describe('a policy that no live run follows', () => {
  const draft = (story: Story, threshold: number) =>
    story.book.apply({
      ...wish,
      source: { kind: 'draft', path: story.file, text: textWith(threshold) },
      runs: 'followers',
      accept: false,
    });
  const judgedOnce = async (story: Story, threshold: number): Promise<string> => {
    story.save(threshold);
    await story.run();
    const hash = story.book.active()[0]?.hash ?? '';
    story.endAll();
    return hash;
  };

  it('is checked, saved and recorded, and judges the next run', () =>
    withFile(async (story) => {
      const before = await judgedOnce(story, 50);
      expect(await draft(story, 70)).to.include({ kind: 'applied', runs: 0, tests: 2 });
      expect(readFileSync(story.file, 'utf8')).to.equal(textWith(70));
      expect(story.said).to.have.length(1);
      expect(story.said[0]).to.deep.include({ kind: 'policy-applied', previousHash: before, runs: [] });
      expect(story.said[0]).to.have.property('diff').that.contains('cpu.pct > 70');
      expect(await story.run()).to.equal('70');
    }));

  it('is left as it is where its tests speak against the draft, and the history says so', () =>
    withFile(async (story) => {
      await judgedOnce(story, 50);
      expect(await draft(story, refused)).to.include({ kind: 'refused', problem: 'a test fails' });
      expect(readFileSync(story.file, 'utf8')).to.equal(textWith(50));
      expect(story.said.map(({ kind }) => kind)).to.deep.equal(['policy-refused']);
    }));

  it('is checked where it was edited in its file, and said to stand once it was', () =>
    withFile(async (story) => {
      await judgedOnce(story, 50);
      story.save(80);
      const source = { kind: 'file', path: story.file } as const;
      const apply = () => story.book.apply({ ...wish, source, runs: 'followers', accept: false });
      expect(await apply()).to.include({ kind: 'applied', runs: 0 });
      expect(await apply()).to.include({ kind: 'unchanged', runs: 0 });
      expect(story.said).to.have.length(1);
    }));

  it('goes back to an earlier text for all runs to come, until its file is saved anew', () =>
    withFile(async (story) => {
      const hash = await judgedOnce(story, 50);
      await judgedOnce(story, 90);
      const key = `file:${story.file}`;
      expect(await story.book.rollback({ ...wish, key, hash, accept: false })).to.include({ kind: 'applied', runs: 0 });
      expect(readFileSync(story.file, 'utf8')).to.equal(textWith(90));
      expect(story.book.active()).to.deep.include({ key, name: 'p.yaml', hash, runIds: [], problem: null });
      expect([await story.run(), await story.run()]).to.deep.equal(['50', '50']);
      story.endAll();
      story.save(refused);
      await story.book.reload('all', wish);
      expect(story.book.active(), 'while its file says nothing good').to.have.length(1);
      story.save(70);
      await story.book.reload('all', wish);
      expect(story.book.active()).to.deep.equal([]);
      expect(await story.run()).to.equal('70');
    }));

  it('is not one that nobody ever ran with: no file is read because somebody names it', () =>
    withFile(async (story) => {
      const hash = await judgedOnce(story, 50);
      expect(await story.book.rollback({ ...wish, key: 'file:/etc/hostname', hash, accept: false })).to.equal(null);
      expect(story.said).to.deep.equal([]);
    }));
});
