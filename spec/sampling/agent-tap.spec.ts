import { expect } from 'chai';
import { createRedactor } from '#redaction/redact';
import { createAgentTap } from '#sampling/agent-tap';
import { plainRedactor, readFixture, readStream } from './agent-stream/read-stream.ts';

const init = '{"type":"system","subtype":"init","session_id":"s","model":"claude-haiku-4-5"}';
const call = (id: string, command: string): string =>
  JSON.stringify({
    type: 'assistant',
    message: {
      id: `m-${id}`,
      role: 'assistant',
      content: [{ type: 'tool_use', id, name: 'Bash', input: { command } }],
    },
  });

describe('the agent tap', () => {
  it('says the same whatever the pieces in which the bytes arrive', () => {
    const bytes = readFixture('claude/fixes_a_test.jsonl');
    const atOnce = readStream(bytes).events.map((event) => ({ ...event, atMs: 0 }));
    for (const pieceBytes of [1, 7, 4_096]) {
      expect(readStream(bytes, { pieceBytes }).events.map((event) => ({ ...event, atMs: 0 }))).to.deep.equal(atOnce);
    }
  });

  it('passes over noise, escape codes, broken lines and records of an unknown kind', () => {
    const escapeCode = String.fromCharCode(27);
    const stream = readStream(
      [
        `${escapeCode}[?1004l${init}`,
        'warming up',
        '{"type":"assistant","message":{"role"',
        '{"type":"from_the_future"}',
        '[1,2]',
        call('t1', 'ls'),
      ].join('\n'),
    );
    expect(stream.agentKind).to.equal('claude');
    expect(stream.of('tool-called')).to.have.length(1);
  });

  it('joins a record that raw newlines have split, inside a string or between tokens', () => {
    const [before = '', after = ''] = call('t1', 'echo one; echo two').split(' echo two');
    const inside = readStream(`${init}\n${before}\n echo two${after}\n${call('t2', 'ls')}\n`);
    expect(inside.of('tool-called').map((event) => event.callId)).to.deep.equal(['t1', 't2']);
    const between = readStream(`${init}\n${call('t1', 'ls').replace('"content":', '"content":\n')}\n`);
    expect(between.of('tool-called')).to.have.length(1);
  });

  it('reads a last line that no newline ends', () => {
    expect(readStream(`${init}\n${call('t1', 'ls')}`).of('tool-called')).to.have.length(1);
  });

  it('does not take a program that logs JSON, or nothing like it, for an agent', () => {
    expect(readStream('{"level":"info","msg":"hello"}\n'.repeat(2_000)).agentKind).to.equal(null);
    expect(readStream('{"type":"module","name":"x"}\n{"type":"error","message":"boom"}\n').agentKind).to.equal(null);
    expect(readStream('Tokens are minted here\nA line\n{ not json\n').agentKind).to.equal(null);
  });

  it('finds an agent that begins after many lines of something else', () => {
    expect(readStream(`${'building…\n'.repeat(5_000)}{"build":"done"}\n${init}\n`).agentKind).to.equal('claude');
  });

  it('lets no secret and no long text out', () => {
    const secret = 'hunter2-hunter2';
    const stream = readStream(`${init}\n${call('t1', `curl -H ${secret} ${'x'.repeat(5_000)}`)}\n`, {
      redact: createRedactor([secret]),
    });
    expect(JSON.stringify(stream.events)).to.not.include(secret);
    for (const event of stream.events)
      if ('sample' in event) expect(Buffer.byteLength(event.sample)).to.be.at.most(200);
  });

  it('keeps no id, name or model that is too long to be one', () => {
    const long = 'z'.repeat(100_000);
    const record = {
      type: 'assistant',
      parent_tool_use_id: long,
      message: {
        id: long,
        model: long,
        content: [{ type: 'tool_use', id: long, name: long, input: {} }],
        usage: { input_tokens: 1 },
      },
    };
    const stream = readStream(`${init}\n${JSON.stringify(record)}\n`);
    expect(stream.events).to.have.length(4);
    expect(JSON.stringify(stream.events).length).to.be.lessThan(3_000);
  });

  it('cuts samples by bytes and leaves no half character', () => {
    const stream = readStream(`${init}\n${call('t1', 'é🐔'.repeat(300))}\n`);
    const sample = stream.of('tool-called')[0]?.sample ?? '';
    expect(Buffer.byteLength(sample)).to.be.at.most(200);
    expect(sample).to.not.include('\uFFFD');
  });

  it('survives JSON that nests by the million, endless lines and random bytes', () => {
    const deep = `{"type":"assistant","message":{"role":"assistant","content":${'['.repeat(300_000)}${']'.repeat(300_000)}}}`;
    const endless = Buffer.alloc(9 * 1024 * 1024, 0x7b);
    const random = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7_919 + (index >> 3)) % 256));
    const tap = createAgentTap({ redact: plainRedactor, model: null });
    for (const bytes of [Buffer.from(`${init}\n${deep}\n`), endless, random, Buffer.from(`\n${call('t1', 'ls')}\n`)])
      tap.feed('stdout', bytes, 1);
    tap.flush(2);
    expect(tap.take().filter((event) => event.kind === 'tool-called')).to.have.length(1);
  });

  it('keeps no bytes of a chunk that the caller uses again', () => {
    const tap = createAgentTap({ redact: plainRedactor, model: null });
    const whole = Buffer.from(`${init}\n`);
    const half = Buffer.from(whole.subarray(0, 30));
    tap.feed('stdout', half, 1);
    half.fill(0x20);
    tap.feed('stdout', whole.subarray(30), 2);
    expect(tap.agentKind).to.equal('claude');
  });

  it('does not mix the two streams of a job', () => {
    const tap = createAgentTap({ redact: plainRedactor, model: null });
    tap.feed('stdout', Buffer.from(init.slice(0, 20)), 1);
    tap.feed('stderr', Buffer.from('a warning\n'), 1);
    tap.feed('stdout', Buffer.from(`${init.slice(20)}\n`), 2);
    expect(tap.agentKind).to.equal('claude');
    expect(tap.take()).to.have.length(1);
    expect(tap.take()).to.deep.equal([]);
  });
});
