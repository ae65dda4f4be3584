import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { findTranscript, transcriptHomesOf } from '#sampling/agent-stream/transcript';

describe('finding a transcript', () => {
  let dir = '';
  const nowS = 1_790_000_000;
  const put = async (path: string, text: string, atS: number): Promise<string> => {
    const file = join(dir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await utimes(file, atS, atS);
    return file;
  };
  const find = (cwd: string, sinceMs = 0, env: Readonly<Record<string, string>> = {}) =>
    findTranscript(cwd, { homes: transcriptHomesOf({ HOME: dir, ...env }), sinceMs });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'transcripts-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("takes the newest file of Claude's project of that directory", async () => {
    await put('.claude/projects/-srv-my-orchard/old.jsonl', '{}', nowS);
    const newest = await put('.claude/projects/-srv-my-orchard/new.jsonl', '{}', nowS + 9);
    await put('.claude/projects/-srv-other/newer.jsonl', '{}', nowS + 99);
    expect(await find('/srv/my.orchard')).to.equal(newest);
  });

  it('takes the Codex session whose header names the directory', async () => {
    const header = (cwd: string): string =>
      `${JSON.stringify({ type: 'session_meta', payload: { id: 'x', cwd } })}\n{}\n`;
    const mine = await put('.codex/sessions/2026/11/22/rollout-a.jsonl', header('/srv/orchard'), nowS);
    await put('.codex/sessions/2026/11/22/rollout-b.jsonl', header('/srv/elsewhere'), nowS + 9);
    expect(await find('/srv/orchard')).to.equal(mine);
  });

  it('looks where the environment of the run says', async () => {
    const file = await put('elsewhere/projects/-w/a.jsonl', '{}', nowS);
    expect(await find('/w')).to.equal(null);
    expect(await find('/w', 0, { CLAUDE_CONFIG_DIR: join(dir, 'elsewhere') })).to.equal(file);
  });

  it('takes none that was last touched before the run began', async () => {
    await put('.claude/projects/-w/a.jsonl', '{}', nowS);
    expect(await find('/w', (nowS + 1) * 1_000)).to.equal(null);
  });
});
