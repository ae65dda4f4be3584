import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type JsonRecord, parseRecord, recordAt, textAt } from './json-record.ts';

/** Finds the files that the sub-agents of one conversation write; each call looks again. */
export type FindChildren = () => readonly string[];

/**
 * Claude Code writes them below `SESSION/subagents`, and older versions beside the session; Codex beside it, with a header
 * that names the thread they were forked from.
 */
export const childrenOf = (path: string): FindChildren => {
  const headers = new Map<string, JsonRecord>();
  const headerOf = (file: string): JsonRecord => {
    const known = headers.get(file) ?? readHeader(file);
    if (known === null) return {}; // its first line is still being written
    headers.set(file, known);
    return known;
  };
  const dir = dirname(path);
  const session = basename(path, '.jsonl');
  if (!session.startsWith('rollout-')) {
    return () => [
      ...filesIn(join(dir, session, 'subagents'), 'agent-'),
      ...filesIn(dir, 'agent-').filter((file) => textAt(headerOf(file), 'sessionId') === session),
    ];
  }
  return () => {
    const id = textAt(recordAt(headerOf(path), 'payload'), 'id');
    if (id === null) return [];
    return filesIn(dir, 'rollout-').filter((file) => file !== path && parentOf(headerOf(file)) === id);
  };
};

/** The thread that a Codex session was forked from; null for a conversation of its own. */
export const parentOf = (header: JsonRecord): string | null => {
  const payload = recordAt(header, 'payload');
  const spawned = recordAt(recordAt(recordAt(payload, 'source'), 'subagent'), 'thread_spawn');
  return textAt(payload, 'forked_from_id') ?? textAt(spawned, 'parent_thread_id');
};

const filesIn = (dir: string, prefix: string): readonly string[] => {
  try {
    return readdirSync(dir)
      .filter((name) => name.startsWith(prefix) && name.endsWith('.jsonl'))
      .map((name) => join(dir, name));
  } catch {
    return []; // no sub-agent has written anything yet
  }
};

const headerBytes = 64 * 1024;

const readHeader = (path: string): JsonRecord | null => {
  const buffer = Buffer.allocUnsafe(headerBytes);
  try {
    const file = openSync(path, 'r');
    const length = readSync(file, buffer, 0, headerBytes, 0);
    closeSync(file);
    const [first = ''] = buffer.toString('utf8', 0, length).split('\n', 1);
    return parseRecord(first);
  } catch {
    return null; // gone between listing and looking
  }
};
