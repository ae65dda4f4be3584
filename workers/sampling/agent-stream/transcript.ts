import { open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parentOf } from './child-transcripts.ts';
import { parseRecord, recordAt, textAt } from './json-record.ts';

/** Where agents keep their transcripts; each as the environment of the run says, or in its home. */
export interface TranscriptHomes {
  readonly home: string;
  readonly claudeConfigDir: string | null;
  readonly codexHome: string | null;
}

export const transcriptHomesOf = (env: Readonly<Record<string, string | undefined>>): TranscriptHomes => ({
  home: env.HOME ?? '/',
  claudeConfigDir: env.CLAUDE_CONFIG_DIR ?? null,
  codexHome: env.CODEX_HOME ?? null,
});

/**
 * The newest transcript that belongs to a directory: Claude Code's project file of that directory, or the Codex session
 * whose header names it. Only files touched since `sinceMs`, and none that is another run's. Read the file through `createAgentTap` with the record clock.
 */
export const findTranscript = async (
  cwd: string,
  {
    homes,
    sinceMs,
    isTaken = () => false,
  }: { readonly homes: TranscriptHomes; readonly sinceMs: number; readonly isTaken?: (path: string) => boolean },
): Promise<string | null> => {
  const claudeDir = join(
    homes.claudeConfigDir ?? join(homes.home, '.claude'),
    'projects',
    cwd.replace(/[^a-zA-Z0-9]/g, '-'),
  );
  const codexDir = join(homes.codexHome ?? join(homes.home, '.codex'), 'sessions');
  // What a sub-agent writes is followed with the conversation that it belongs to.
  const ofClaude = (await listTranscripts(claudeDir, 0)).filter(({ path }) => !basename(path).startsWith('agent-'));
  const found = [...ofClaude, ...(await codexSessionsOf(codexDir, cwd, sinceMs))];
  const recent = found.filter((file) => file.changedAtMs >= sinceMs && !isTaken(file.path));
  recent.sort((a, b) => b.changedAtMs - a.changedAtMs);
  return recent[0]?.path ?? null;
};

interface TranscriptFile {
  readonly path: string;
  readonly changedAtMs: number;
}

// sessions/2026/11/22/rollout-….jsonl
const codexDepth = 3;
const keptSessions = 50;

const codexSessionsOf = async (dir: string, cwd: string, sinceMs: number): Promise<readonly TranscriptFile[]> => {
  const files = (await listTranscripts(dir, codexDepth)).filter((file) => file.changedAtMs >= sinceMs);
  const newest = [...files].sort((a, b) => b.changedAtMs - a.changedAtMs).slice(0, keptSessions);
  const belongs = await Promise.all(newest.map(async (file) => (await cwdOfSession(file.path)) === cwd));
  return newest.filter((_, index) => belongs[index]);
};

const listTranscripts = async (dir: string, depth: number): Promise<readonly TranscriptFile[]> => {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []); // an agent that is not installed has no such directory
  const lists = await Promise.all(
    entries.map(async (entry): Promise<readonly TranscriptFile[]> => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return depth > 0 ? listTranscripts(path, depth - 1) : [];
      if (!entry.isFile() || !entry.name.endsWith('.jsonl')) return [];
      const info = await stat(path).catch(() => null); // gone between listing and looking
      return info === null ? [] : [{ path, changedAtMs: info.mtimeMs }];
    }),
  );
  return lists.flat();
};

const headerBytes = 64 * 1024;

/** null: of another kind, or a sub-agent's. */
const cwdOfSession = async (path: string): Promise<string | null> => {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    const [first = ''] = buffer.toString('utf8', 0, bytesRead).split('\n', 1);
    const header = parseRecord(first);
    return header === null || parentOf(header) !== null ? null : textAt(recordAt(header, 'payload'), 'cwd');
  } finally {
    await file.close();
  }
};
