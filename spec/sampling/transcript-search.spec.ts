import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { WatchedRun } from '#protocol/messages';
import { transcriptHomesOf } from '#sampling/agent-stream/transcript';
import { createTranscriptSearch, type TranscriptSeeker } from '#sampling/transcript-search';
import { temporaryDirectory } from './temporary-directory.ts';

describe('the search for transcripts', () => {
  const dir = temporaryDirectory();
  const projectDir = (): string => join(dir.path, '.claude', 'projects', '-srv-garden');
  const write = (name: string): string => {
    mkdirSync(projectDir(), { recursive: true });
    writeFileSync(join(projectDir(), name), '{}\n');
    return join(projectDir(), name);
  };
  const seeker = (taken: string[]): TranscriptSeeker => ({
    run: { cwd: '/srv/garden', startedAtMs: 0 } as WatchedRun,
    get seeksTranscript() {
      return taken.length === 0;
    },
    takeTranscript: (path) => taken.push(path),
  });

  it('finds the file of the directory once it is there, and looks no more', async () => {
    const search = createTranscriptSearch(() => transcriptHomesOf({ HOME: dir.path }));
    const taken: string[] = [];
    search.turn([seeker(taken)], 1000);
    await search.settled();
    expect(taken).to.deep.equal([]);
    const path = write('a.jsonl');
    search.turn([seeker(taken)], 1500);
    await search.settled();
    expect(taken, 'at most one look a second').to.deep.equal([]);
    search.turn([seeker(taken)], 2000);
    await search.settled();
    expect(taken).to.deep.equal([path]);
    write('b.jsonl');
    search.turn([seeker(taken)], 9000);
    await search.settled();
    expect(taken).to.deep.equal([path]);
  });

  it('gives two runs of one directory a file each, and a file to another run once its own is over', async () => {
    const search = createTranscriptSearch(() => transcriptHomesOf({ HOME: dir.path }));
    const [first, second, third]: [string[], string[], string[]] = [[], [], []];
    write('a.jsonl');
    appendFileSync(write('b.jsonl'), '{}\n');
    for (const [turn, taken] of [first, second, third].entries()) {
      search.turn([seeker(taken)], 1000 * (turn + 1));
      await search.settled();
    }
    expect([...first, ...second].sort()).to.deep.equal([join(projectDir(), 'a.jsonl'), join(projectDir(), 'b.jsonl')]);
    expect(third).to.deep.equal([]);
    search.release(first[0] ?? '');
    search.turn([seeker(third)], 9000);
    await search.settled();
    expect(third).to.deep.equal(first);
  });
});
