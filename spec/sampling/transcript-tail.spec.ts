import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createAgentDetectors } from '#detection/agent-detectors';
import type { AgentEvent } from '#protocol/agent-events';
import { createRedactor } from '#redaction/redact';
import { createAgentTap } from '#sampling/agent-tap';
import { createLineTap } from '#sampling/line-tap';
import { RunOutput } from '#sampling/run-output';
import { createTranscriptTail } from '#sampling/transcript-tail';
import { temporaryDirectory } from './temporary-directory.ts';

const whole = readFileSync(join('fixtures', 'agents', 'transcripts', 'claude_project.jsonl'), 'utf8');
const buffer = Buffer.allocUnsafe(64 * 1024);

describe('the transcript of a run', () => {
  const dir = temporaryDirectory();
  const transcript = (): string => join(dir.path, 'session.jsonl');
  const outputOf = (startedAtMs: number): RunOutput =>
    new RunOutput({
      runDir: dir.path,
      redact: createRedactor(),
      model: null,
      createLineTap,
      createAgentTap,
      onGap: () => undefined,
      transcript: { path: transcript(), startedAtMs },
    });
  const calls = (events: readonly AgentEvent[]): readonly AgentEvent[] =>
    events.filter((event) => event.kind === 'tool-called');

  it('is followed beside the output, from before it is there', () => {
    const output = outputOf(0);
    output.read(buffer, 1000);
    expect(output.take(1000).events).to.deep.equal([]);
    const cut = whole.indexOf('\n', whole.length / 2) + 5;
    appendFileSync(transcript(), whole.slice(0, cut));
    output.read(buffer, 2000);
    const first = calls(output.take(2000).events);
    appendFileSync(transcript(), whole.slice(cut));
    output.read(buffer, 3000);
    const second = calls(output.take(3000).events);
    output.close();
    expect(first).to.have.length.above(0);
    expect(first.length + second.length).to.equal(whole.match(/"tool_use"/g)?.length);
  });

  it('counts from the start of the run, by the times in its records', () => {
    appendFileSync(transcript(), whole);
    const output = outputOf(Number.MAX_SAFE_INTEGER);
    output.read(buffer, 1000);
    expect(output.take(1000).events).to.deep.equal([]);
    output.close();
  });

  it('is read again whole with the windows, and only once', async () => {
    appendFileSync(transcript(), whole);
    const output = outputOf(0);
    output.read(buffer, 1000);
    const before = calls(output.take(1000).events);
    await output.refill(async () => undefined);
    expect(calls(output.take(2000).events)).to.deep.equal(before);
    output.read(buffer, 3000);
    expect(output.take(3000).events).to.deep.equal([]);
    output.close();
  });

  it('counts what sub-agents spend in files of their own, once, though Codex begins them with their parent’s history', () => {
    const tokens = (total: number) => ({
      timestamp: '2026-03-01T00:00:00Z',
      type: 'event_msg',
      payload: {
        type: 'token_count',
        info: { total_token_usage: { input_tokens: total, cached_input_tokens: 0, output_tokens: 0 } },
      },
    });
    const header = (id: string, more: Record<string, unknown> = {}) => ({
      type: 'session_meta',
      payload: { id, ...more },
    });
    const write = (name: string, ...records: readonly unknown[]): string => {
      writeFileSync(join(dir.path, name), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      return join(dir.path, name);
    };
    const path = write('rollout-a.jsonl', header('a'), tokens(50_000));
    write('rollout-b.jsonl', header('b', { forked_from_id: 'a' }), header('a'), tokens(50_000), tokens(52_000));
    write('rollout-c.jsonl', header('c'), tokens(9_000));
    const tail = createTranscriptTail(path, {
      startedAtMs: 0,
      createTap: () => createAgentTap({ redact: createRedactor(), model: null, clock: 'record' }),
    });
    tail.read(buffer, 1_000);
    const detectors = createAgentDetectors();
    detectors.observe(tail.take());
    tail.close();
    expect(detectors.signals(2_000)['tokens.total']).to.equal(52_000);
  });

  it('follows the sub-agents of Claude Code below the session, and knows them apart', () => {
    const record = (sessionId: string, more: Record<string, unknown>): string =>
      `${JSON.stringify({ type: 'assistant', sessionId, timestamp: '2026-03-01T00:00:00Z', ...more })}\n`;
    const message = (id: string) => ({
      id,
      model: 'claude-haiku-4-5',
      content: [{ type: 'text', text: `word of ${id}` }],
      usage: { input_tokens: 100, output_tokens: 10 },
    });
    mkdirSync(join(dir.path, 'session', 'subagents'), { recursive: true });
    appendFileSync(transcript(), record('session', { message: message('m1') }));
    const child = { isSidechain: true, agentId: 'k1', message: message('m2') };
    writeFileSync(join(dir.path, 'session', 'subagents', 'agent-k1.jsonl'), record('session', child));
    writeFileSync(
      join(dir.path, 'agent-k2.jsonl'),
      record('session', { ...child, agentId: 'k2', message: message('m3') }),
    );
    writeFileSync(join(dir.path, 'agent-k3.jsonl'), record('another', { ...child, message: message('m4') }));
    const output = outputOf(0);
    output.read(buffer, 1_000);
    const { events } = output.take(1_000);
    output.close();
    const said = events.filter(({ kind }) => kind === 'said');
    expect(said.map(({ agent }) => agent).sort()).to.deep.equal(['k1', 'k2', 'main']);
    expect(events.filter(({ kind }) => kind === 'tokens-used')).to.have.length(3);
  });
});
