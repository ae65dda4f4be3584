import { expect } from 'chai';
import { createPricing } from '#detection/agents/pricing';
import { createTokenLedger } from '#detection/agents/token-ledger';
import { type ReadStream, readFixture, readStream } from './read-stream.ts';

const calls = (stream: ReadStream): readonly string[] => stream.of('tool-called').map((event) => event.tool);
const outcomes = (stream: ReadStream): readonly boolean[] => stream.of('tool-returned').map((event) => event.ok);

describe('Claude Code', () => {
  const stream = readStream(readFixture('claude/fixes_a_test.jsonl'));

  it('is known by its first record, with its model', () => {
    expect(stream.agentKind).to.equal('claude');
    expect(stream.of('session-started')[0]).to.include({ agentKind: 'claude', model: 'claude-haiku-4-5' });
  });

  it('puts the calls of one message into one round', () => {
    expect(calls(stream)).to.deep.equal(['Read', 'Bash', 'Edit']);
    const rounds = stream.of('tool-called').map((event) => event.round);
    expect(rounds).to.deep.equal(['msg_a1', 'msg_a1', 'msg_a2']);
  });

  it('tells failures from successes, and changes from looks', () => {
    expect(outcomes(stream)).to.deep.equal([true, false, true]);
    expect(stream.of('tool-called').map((event) => event.mutates)).to.deep.equal([false, false, true]);
  });

  it('reports usage under the id of its message, with the two ages of cache writes apart', () => {
    const usage = stream.of('tokens-used');
    expect(usage.map((event) => event.usageId)).to.deep.equal(['msg_a1', 'msg_a1', 'msg_a1', 'msg_a2']);
    expect(usage[0]?.usage).to.deep.equal({
      input: 4,
      output: 3,
      cacheRead: 0,
      cacheWrite5m: 200,
      cacheWrite1h: 1_000,
    });
    expect(usage[3]?.usage).to.deep.equal({
      input: 6,
      output: 61,
      cacheRead: 1_200,
      cacheWrite5m: 90,
      cacheWrite1h: 0,
    });
  });

  it('takes the total cost from the result, and its end', () => {
    expect(stream.of('cost-reported')[0]?.totalMicros).to.equal(3_413);
    expect(stream.of('finished')[0]?.ok).to.equal(true);
  });

  it('keeps thoughts and words apart', () => {
    expect(stream.of('said').map((event) => event.thought)).to.deep.equal([false, true]);
  });

  it('follows children under the call that sent them', () => {
    const children = readStream(readFixture('claude/starts_sub_agents.jsonl'));
    expect(children.of('agent-spawned').map(({ child, depth }) => [child, depth])).to.deep.equal([
      ['toolu_b1', 1],
      ['toolu_b2', 1],
    ]);
    expect(children.of('tool-called').find((event) => event.tool === 'Grep')?.agent).to.equal('toolu_b1');
    expect(children.of('agent-finished').map((event) => event.child)).to.deep.equal(['toolu_b1']);
  });

  it('counts a sub-agent whose start was not to be seen, and a message without an id', () => {
    const record = {
      type: 'assistant',
      parent_tool_use_id: 'toolu_x',
      message: { content: [], usage: { input_tokens: 3 } },
    };
    const stream = readStream(`${JSON.stringify(record)}\n`.repeat(2));
    expect(stream.of('agent-spawned').map((event) => event.child)).to.deep.equal(['toolu_x']);
    expect(new Set(stream.of('tokens-used').map((event) => event.usageId)).size).to.equal(2);
  });

  it('says when a person is asked, and when the quota is used up', () => {
    const asking = readStream(
      [
        '{"type":"system","subtype":"init","session_id":"s","model":"m"}',
        '{"type":"assistant","message":{"role":"assistant","id":"m1","content":[{"type":"tool_use","id":"t1","name":"AskUserQuestion","input":{}}]}}',
        '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected"}}',
      ].join('\n'),
    );
    expect(asking.of('approval-asked')).to.have.length(1);
    expect(asking.of('request-failed')[0]?.status).to.equal(429);
  });

  it('hears the text as it is streamed, and its tokens once', () => {
    const piece = JSON.stringify({
      type: 'stream_event',
      event: { type: 'content_block_delta', delta: { type: 'text_delta', text: 'hen and egg and ' } },
    });
    const streamed = readStream(
      [
        '{"type":"stream_event","event":{"type":"message_start","message":{"id":"m1","model":"claude-haiku-4-5","usage":{"input_tokens":9,"output_tokens":1}}}}',
        ...Array.from({ length: 60 }, () => piece),
        '{"type":"stream_event","event":{"type":"message_delta","usage":{"output_tokens":77}}}',
      ].join('\n'),
    );
    expect(streamed.of('text-degenerated').at(-1)?.level).to.equal('act');
    expect(streamed.of('tokens-used')[0]).to.include({ usageId: 'm1', model: 'claude-haiku-4-5' });
    expect(streamed.of('tokens-used')[0]?.usage).to.include({ input: 9, output: 77 });
  });

  it('names fast mode apart', () => {
    const fast = readStream(
      '{"type":"assistant","message":{"id":"m","role":"assistant","model":"claude-opus-4-6","content":[],"usage":{"input_tokens":1,"output_tokens":1,"speed":"fast"}}}',
    );
    expect(fast.of('tokens-used')[0]?.model).to.equal('claude-opus-4-6:fast');
  });
});

describe('Codex', () => {
  const stream = readStream(readFixture('codex/edits_and_tests.jsonl'), { model: 'gpt-5-codex' });

  it('reads commands, patches and foreign tools', () => {
    expect(stream.agentKind).to.equal('codex');
    expect(calls(stream)).to.deep.equal(['shell', 'apply_patch', 'weather.today']);
    expect(outcomes(stream)).to.deep.equal([false, true, true]);
  });

  it('subtracts what earlier turns have counted, and the cached from the input', () => {
    expect(stream.of('tokens-used').map((event) => event.usage)).to.deep.equal([
      { input: 600, output: 50, cacheRead: 400, cacheWrite5m: 0, cacheWrite1h: 0 },
      { input: 500, output: 20, cacheRead: 1_100, cacheWrite5m: 0, cacheWrite1h: 0 },
    ]);
    expect(stream.of('tokens-used')[0]?.model).to.equal('gpt-5-codex');
  });
});

describe('Gemini CLI', () => {
  const stream = readStream(readFixture('gemini/reads_and_runs.jsonl'));

  it('reads calls, results and a message that came in pieces', () => {
    expect(stream.agentKind).to.equal('gemini');
    expect(calls(stream)).to.deep.equal(['read_file', 'run_shell_command']);
    expect(outcomes(stream)).to.deep.equal([true, false]);
    expect(stream.of('said').map((event) => event.sample)).to.deep.equal(['I will read the schedule first.']);
  });

  it('splits the cached from the input and finds the thinking in the total', () => {
    expect(stream.of('tokens-used')[0]?.usage).to.deep.equal({
      input: 700,
      output: 350,
      cacheRead: 300,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
    });
  });
});

describe('opencode', () => {
  const stream = readStream(readFixture('opencode/lists_a_folder.jsonl'));

  it('reads finished tools and passes over text between the records', () => {
    expect(stream.agentKind).to.equal('opencode');
    expect(calls(stream)).to.deep.equal(['bash', 'read']);
    expect(outcomes(stream)).to.deep.equal([true, false]);
    expect(stream.of('request-failed')[0]?.status).to.equal(429);
  });

  it('believes its cost, but not a cost of nothing', () => {
    expect(stream.of('tokens-used').map((event) => event.reportedMicros)).to.deep.equal([12_500, null]);
    expect(stream.of('tokens-used')[0]?.usage).to.deep.equal({
      input: 237,
      output: 106,
      cacheRead: 7_936,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
    });
  });
});

describe('the other agents', () => {
  it('goose: a message that comes in pieces is said once, and each run adds its tokens', () => {
    const piece = (id: string, text: string): string =>
      JSON.stringify({ type: 'message', message: { id, role: 'assistant', content: [{ type: 'text', text }] } });
    const run = (id: string): string =>
      [piece(id, 'The hens '), piece(id, 'are in.'), JSON.stringify({ type: 'complete', total_tokens: 40 })].join('\n');
    const stream = readStream(`${run('a')}\n${run('b')}\n`);
    expect(stream.of('said').map(({ chars }) => chars)).to.deep.equal([16, 16]);
    expect(new Set(stream.of('tokens-used').map(({ usageId }) => usageId)).size).to.equal(2);
  });

  it('OpenHands: counts what its running totals grew by, and chats what each answer tells', () => {
    const run = (prompt: number, usd: number): string =>
      JSON.stringify({
        type: 'action',
        id: prompt,
        source: 'agent',
        action: 'run',
        args: { command: 'make barn' },
        llm_metrics: {
          accumulated_cost: usd,
          accumulated_token_usage: { prompt_tokens: prompt, completion_tokens: 10, cache_read_tokens: prompt / 2 },
        },
      });
    const told = readStream(`${run(100, 0.5)}\n${run(300, 0.75)}\n`).of('tokens-used');
    expect(told.map(({ usage }) => [usage.input, usage.cacheRead, usage.output])).to.deep.equal([
      [50, 50, 10],
      [100, 100, 0],
    ]);
    expect(told.map(({ reportedMicros }) => reportedMicros)).to.deep.equal([500_000, 250_000]);
    const answer = { role: 'assistant', content: 'done', usage: { prompt_tokens: 80, completion_tokens: 5 } };
    const chat = readStream(`{"role":"user","content":"sweep"}\n${JSON.stringify(answer)}\n`);
    expect(chat.of('tokens-used').map(({ usage }) => usage.input + usage.output)).to.deep.equal([85]);
  });

  it('codex: counts each thread by itself, and turns that tell only their own', () => {
    const turns = (thread: string, ...inputs: readonly number[]): string =>
      [
        { type: 'thread.started', thread_id: thread },
        ...inputs.map((input) => ({
          type: 'turn.completed',
          usage: { input_tokens: input, cached_input_tokens: 0, output_tokens: input / 10 },
        })),
      ]
        .map((record) => JSON.stringify(record))
        .join('\n');
    const inputIn = (text: string): number =>
      readStream(`${text}\n`)
        .of('tokens-used')
        .reduce((sum, { usage }) => sum + usage.input, 0);
    expect(inputIn(turns('a', 1_000, 3_000))).to.equal(3_000);
    expect(inputIn(`${turns('a', 1_000)}\n${turns('b', 5_000)}`)).to.equal(6_000);
    expect(inputIn(turns('a', 1_000, 3_000, 2_000, 4_000))).to.equal(10_000);
  });

  it('goose: tool requests and responses', () => {
    const stream = readStream(readFixture('goose/asks_a_tool.jsonl'));
    expect(stream.agentKind).to.equal('goose');
    expect(calls(stream)).to.deep.equal(['scale__weigh', 'scale__weigh']);
    expect(outcomes(stream)).to.deep.equal([true, false]);
    expect(stream.of('tokens-used')[0]?.model).to.equal(null);
    expect(stream.of('finished')).to.have.length(1);
  });

  it('OpenHands: action and observation lines', () => {
    const stream = readStream(readFixture('openhands/runs_a_command.jsonl'));
    expect(stream.agentKind).to.equal('openhands');
    expect(calls(stream)).to.deep.equal(['run', 'run']);
    expect(outcomes(stream)).to.deep.equal([true, false]);
    expect(stream.of('said')[0]?.sample).to.equal('Straw it stays.');
  });

  it('OpenHands: events of its SDK', () => {
    const stream = readStream(readFixture('openhands/sdk_events.jsonl'));
    expect(stream.agentKind).to.equal('openhands');
    expect(calls(stream)).to.deep.equal(['terminal', 'file_editor']);
    expect(outcomes(stream)).to.deep.equal([true, false]);
    expect(stream.of('context-compacted')).to.have.length(1);
  });

  it('aider: tokens, cost, edits, questions and retries in its text', () => {
    const stream = readStream(readFixture('aider/edits_a_file.txt'));
    expect(stream.agentKind).to.equal('aider');
    expect(stream.of('tokens-used').map((event) => event.reportedMicros)).to.deep.equal([30_000, 20_000]);
    expect(stream.of('tokens-used')[0]).to.deep.include({
      model: 'claude-sonnet-4-5',
      usage: { input: 4_200, output: 1_100, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 },
    });
    expect(stream.of('tokens-used')[1]?.usage).to.deep.equal({
      input: 2_000,
      output: 300,
      cacheRead: 5_000,
      cacheWrite5m: 2_000,
      cacheWrite1h: 0,
    });
    expect(stream.of('tool-called')[0]).to.include({ tool: 'edit', mutates: true });
    expect(stream.of('approval-asked')).to.have.length(1);
    expect(stream.of('request-failed')[0]?.status).to.equal(429);
  });

  it('Qwen Code: the shape of Claude under its own name, and its usage where only the result has it', () => {
    const stream = readStream(readFixture('qwen/answers.jsonl'));
    expect(stream.agentKind).to.equal('qwen');
    expect(stream.of('tokens-used').map((event) => event.usageId)).to.deep.equal(['qm-1']);
    expect(stream.of('finished')[0]?.ok).to.equal(false);
  });

  it('any agent that logs a chat message per line', () => {
    const stream = readStream(readFixture('chat/steps.jsonl'));
    expect(stream.agentKind).to.equal('chat');
    expect(calls(stream)).to.deep.equal(['map', 'walk']);
    expect(outcomes(stream)).to.deep.equal([true, true]);
  });
});

describe('transcripts', () => {
  it('a sub-agent whose file replays the history of its parent is counted for its own tokens alone', () => {
    const total = (input: number, output: number): string =>
      JSON.stringify({
        type: 'event_msg',
        payload: { type: 'token_count', info: { total_token_usage: { input_tokens: input, output_tokens: output } } },
      });
    const meta = (payload: object): string => JSON.stringify({ type: 'session_meta', payload });
    const parent = readStream([meta({ id: 'p' }), total(1_000, 10), total(3_000, 20)].join('\n'));
    const child = readStream(
      [meta({ id: 'c', forked_from_id: 'p' }), total(1_000, 10), total(3_000, 20), total(3_500, 25)].join('\n'),
    );
    const ledger = createTokenLedger(createPricing());
    for (const event of [...parent.events, ...child.events]) ledger.observe(event);
    expect(ledger.view().totalTokens).to.equal(3_525);
    expect(child.of('tokens-used').at(-1)?.agent).to.equal('c');
  });

  it("Claude Code's project file: side chains are agents, compactions and failed requests are told", () => {
    const stream = readStream(readFixture('transcripts/claude_project.jsonl'), { clock: 'record' });
    expect(stream.agentKind).to.equal('claude');
    expect(stream.of('tool-called').map((event) => event.agent)).to.deep.equal(['main', 'ag-9']);
    expect(stream.of('tokens-used')).to.have.length(2);
    expect(stream.of('context-compacted')).to.have.length(1);
    expect(stream.of('request-failed')[0]?.status).to.equal(529);
    expect(stream.of('tool-called')[0]?.atMs).to.equal(Date.parse('2026-02-01T08:00:02.000Z'));
  });

  it("Codex's session file: totals are subtracted and a repeated total is the same tokens", () => {
    const stream = readStream(readFixture('transcripts/codex_session.jsonl'), { clock: 'record' });
    expect(stream.agentKind).to.equal('codex');
    expect(outcomes(stream)).to.deep.equal([true]);
    expect(
      stream
        .of('tokens-used')
        .map((event) => [event.model, event.usage.input, event.usage.cacheRead, event.usage.output]),
    ).to.deep.equal([
      ['gpt-5-codex', 400, 600, 100],
      ['gpt-5-codex', 500, 1_000, 50],
    ]);
  });
});
