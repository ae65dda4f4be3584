import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AgentEvent } from '#protocol/agent-events';
import { createRedactor } from '#redaction/redact';
import { createAgentTap } from '#sampling/agent-tap';
import { createLineTap } from '#sampling/line-tap';
import { RunOutput } from '#sampling/run-output';
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
});
