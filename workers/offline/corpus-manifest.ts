import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isRecord, type JsonRecord, parseRecord, textAt } from '#sampling/agent-stream/json-record';

/** One labelled stream. */
export interface CorpusEntry {
  readonly path: string;
  readonly file: string;
  readonly label: string;
  readonly kind: string;
}

/** One labelled case that is written out in full: events, lines with times, or pieces of text. */
export interface CorpusCase {
  readonly id: string;
  readonly kind: 'agent_events' | 'lines' | 'content_stream';
  readonly tier: string;
  readonly expected: 'loop' | 'no_loop';
  readonly text: string;
}

/**
 * Reads `manifest.jsonl` of a directory: records of `file`, `label` (healthy, runaway, stuck, ambiguous) and `kind`.
 * Files lie in the directory or in `streams/` below it.
 * @throws when there is no manifest, or it names a file that is not there.
 */
export const readManifest = (dir: string): readonly CorpusEntry[] => {
  const manifest = ownOrAbove(dir, 'manifest.jsonl');
  if (manifest === null)
    throw new Error(`no manifest.jsonl in ${dir}: it lists {"file", "label", "kind"}, one record a line`);
  return recordsOf(manifest).map((record) => entryOf(path.dirname(manifest), record));
};

/** Reads `loop-cases.jsonl` beside the manifest; none when there is no such file. */
export const readCases = (dir: string): readonly CorpusCase[] => {
  const file = ownOrAbove(dir, 'loop-cases.jsonl');
  return file === null ? [] : recordsOf(file).map(caseOf);
};

const ownOrAbove = (dir: string, name: string): string | null =>
  [path.join(dir, name), path.join(dir, '..', name)].find((candidate) => existsSync(candidate)) ?? null;

const recordsOf = (file: string): readonly JsonRecord[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const record = parseRecord(line);
      if (record === null) throw new Error(`${file}:${index + 1}: expected one JSON record, got ${line.slice(0, 40)}`);
      return record;
    });

const entryOf = (dir: string, record: JsonRecord): CorpusEntry => {
  const file = textAt(record, 'file') ?? '';
  const found = [path.join(dir, file), path.join(dir, 'streams', file)].find(
    (candidate) => file !== '' && existsSync(candidate),
  );
  if (found === undefined) throw new Error(`the manifest in ${dir} names ${file || 'no file'}, which is not there`);
  return {
    path: found,
    file,
    label: textAt(record, 'label') ?? 'unlabelled',
    kind: textAt(record, 'kind') ?? 'unknown',
  };
};

const caseOf = (record: JsonRecord): CorpusCase => {
  const kind = textAt(record, 'kind');
  if (kind !== 'agent_events' && kind !== 'lines' && kind !== 'content_stream')
    throw new Error(`unknown kind of case: ${kind}`);
  const input: readonly unknown[] = Array.isArray(record.input) ? record.input : [];
  return {
    id: textAt(record, 'id') ?? '',
    kind,
    tier: textAt(record, 'tier') ?? 'core',
    expected: record.expected === 'loop' ? 'loop' : 'no_loop',
    text:
      kind === 'content_stream'
        ? input.map(pieceOf).join('')
        : input.map((part) => `${JSON.stringify(part)}\n`).join(''),
  };
};

const pieceOf = (part: unknown): string => (isRecord(part) ? (textAt(part, 'text') ?? '') : String(part));
