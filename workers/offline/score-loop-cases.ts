import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createAgentDetectors } from '#detection/agent-detectors';
import type { AgentEvent } from '#protocol/agent-events';
import type { FindingLevel } from '#protocol/judgement';
import { isRecord, type JsonRecord, parseRecord, textAt } from '#sampling/agent-stream/json-record';
import { createNormalisedReader } from '#sampling/agent-stream/normalised-events';
import { createPlainTextReader } from '#sampling/agent-stream/plain-text';
import { createAgentTap } from '#sampling/agent-tap';

type Level = FindingLevel | 'none';

/** What the detectors said of one case or stream. */
export interface Score {
  readonly name: string;
  readonly kind: string;
  readonly tier: string;
  readonly isLoop: boolean;
  readonly level: Level;
  readonly detectors: readonly string[];
}

const order: readonly Level[] = ['none', 'observe', 'warn', 'act'];
const eventMs = 1_000;
// Nothing of a case is shown or stored, so there is nothing to redact.
const open = { text: (text: string) => text, argv: (argv: readonly string[]) => argv };

/** The highest level reached since the newest session began: a verdict is asked for the run that is on. */
export const judgeEvents = (batches: Iterable<readonly AgentEvent[]>): Pick<Score, 'level' | 'detectors'> => {
  const detectors = createAgentDetectors();
  let level: Level = 'none';
  let named = new Set<string>();
  for (const batch of batches) {
    for (const event of batch) {
      if (event.kind === 'session-started') {
        level = 'none';
        named = new Set();
      }
      detectors.observe([event]);
      for (const finding of detectors.findings(event.atMs)) {
        if (order.indexOf(finding.level) > order.indexOf(level)) level = finding.level;
        named.add(`${finding.detector}:${finding.level}`);
      }
    }
  }
  return { level, detectors: [...named] };
};

/** A case of `agent_events` or `content_stream`; null for any other kind. */
export const scoreCase = (record: JsonRecord): Score | null => {
  const kind = textAt(record, 'kind') ?? '';
  const input = Array.isArray(record.input) ? record.input : [];
  const batches = kind === 'agent_events' ? eventsOf(input) : kind === 'content_stream' ? textEventsOf(input) : null;
  if (batches === null) return null;
  const head = {
    name: textAt(record, 'id') ?? '',
    kind,
    tier: textAt(record, 'tier') ?? '',
    isLoop: record.expected === 'loop',
  };
  return { ...head, ...judgeEvents(batches) };
};

function* eventsOf(input: readonly unknown[]): Generator<readonly AgentEvent[]> {
  const reader = createNormalisedReader({ redact: open, model: null });
  let atMs = 0;
  for (const each of input) {
    atMs += eventMs;
    if (isRecord(each)) reader.read(each, atMs);
    yield reader.take();
  }
  reader.end(atMs);
  yield reader.take();
}

function* textEventsOf(input: readonly unknown[]): Generator<readonly AgentEvent[]> {
  const reader = createPlainTextReader(open);
  let atMs = 0;
  for (const each of input) {
    atMs += eventMs;
    if (typeof each === 'string') reader.push(each, atMs);
    yield reader.take();
  }
  reader.end(atMs);
  yield reader.take();
}

/** A directory with `healthy` and `stuck` in it: agent streams of any format, one per file. */
export const scoreStreams = (dir: string): readonly Score[] =>
  ['healthy', 'stuck'].flatMap((label) =>
    readdirSync(join(dir, label)).map((name) => {
      const tap = createAgentTap({ redact: open, model: null, clock: 'record' });
      tap.feed('stdout', readFileSync(join(dir, label, name)), 0);
      tap.flush(0);
      const head = { name, kind: `stream ${tap.agentKind ?? '(no agent)'}`, tier: label, isLoop: label === 'stuck' };
      return { ...head, ...judgeEvents([tap.take()]) };
    }),
  );

const print = (scores: readonly Score[]): void => {
  const rows = new Map<string, { cases: number; wrong: number; lenient: number; strict: number }>();
  for (const score of scores) {
    const key = `${score.kind.padEnd(16)} ${score.tier.padEnd(9)} ${score.isLoop ? 'loop' : 'no loop'}`;
    const row = rows.get(key) ?? { cases: 0, wrong: 0, lenient: 0, strict: 0 };
    row.cases++;
    if ((score.level === 'act') !== score.isLoop) row.wrong++;
    if (score.isLoop ? order.indexOf(score.level) < 2 : score.level === 'act') row.lenient++;
    if (score.isLoop ? score.level !== 'act' : order.indexOf(score.level) >= 2) row.strict++;
    rows.set(key, row);
  }
  console.log(
    'kind             tier      label    cases | wrong: loop=act | warn is neither | warn is wrong either way',
  );
  for (const [key, row] of [...rows].sort()) {
    console.log(
      `${key.padEnd(35)}${String(row.cases).padStart(5)} | ${String(row.wrong).padStart(15)} | ${String(row.lenient).padStart(15)} | ${String(row.strict).padStart(15)}`,
    );
  }
  for (const score of scores.filter(
    (each) => (each.level === 'act') !== each.isLoop || (!each.isLoop && each.level === 'warn'),
  )) {
    console.log(
      `${score.tier} ${score.name}: ${score.isLoop ? 'loop' : 'no loop'}, said ${score.level} (${score.detectors.join(', ')})`,
    );
  }
};

const main = (argv: readonly string[]): void => {
  const [file, streams] = argv;
  if (file === undefined) {
    console.error('usage: score-loop-cases.js CASES.jsonl [DIR with healthy/ and stuck/]');
    process.exitCode = 2;
    return;
  }
  const records = readFileSync(file, 'utf8')
    .split('\n')
    .map(parseRecord)
    .filter((record) => record !== null);
  print(records.map(scoreCase).filter((score) => score !== null));
  if (streams !== undefined) print(scoreStreams(streams));
};

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  main(process.argv.slice(2));
