// The stream of an agent that does something new at each call, by one agent or many.
const record = (value) => `${JSON.stringify(value)}\n`;

/** `broken` cuts every second record in its middle. */
export const agentStream = ({ calls, agents, from = 0, broken = false }) => {
  let text = from === 0 ? record({ type: 'system', subtype: 'init', session_id: 's', model: 'claude-haiku-4-5' }) : '';
  for (let n = from; n < from + calls; n++) {
    const parent = agents === 1 ? null : `task_${n % agents}`;
    if (agents > 1 && n < agents)
      text += message(n, null, { type: 'tool_use', id: parent, name: 'Task', input: { task: `part ${n}` } });
    const call = { type: 'tool_use', id: `call_${n}`, name: 'Bash', input: { command: `make part_${n} of ${n % 97}` } };
    const content = `compiled part_${n}.c in ${n % 17} ms, ${n} of many done`;
    const asked = message(n, parent, call);
    text += broken && n % 2 === 1 ? `${asked.slice(0, asked.length / 2)}\n` : asked;
    text += record({
      type: 'user',
      message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: `call_${n}`, content, is_error: false }] },
      parent_tool_use_id: parent,
    });
  }
  return text;
};

const message = (n, parent, block) =>
  record({
    type: 'assistant',
    message: {
      id: `msg_${n}`,
      role: 'assistant',
      model: 'claude-haiku-4-5',
      content: [block],
      usage: { input_tokens: 200 + n, output_tokens: 40 },
    },
    parent_tool_use_id: parent,
  });

/**
 * What looks like an agent's stream and is none, or is one that went wrong: about `bytes` of it, in pieces of a megabyte.
 * unparsable: JSON-looking lines that are no JSON; truncated: records cut in their middle; foreign: JSON of some other
 * program; huge: records of 300 KB; nested: records that hold values nested by the thousand; noisy: one record in
 * twenty lines of log.
 */
export const hostileAgent = function* (kind, bytes) {
  let text = record({ type: 'system', subtype: 'init', session_id: 's', model: 'claude-haiku-4-5' });
  for (let n = 0, sent = 0; sent < bytes; n++) {
    text += hostileLines[kind](n);
    if (text.length < 1 << 20) continue;
    sent += text.length;
    yield Buffer.from(text);
    text = '';
  }
};

const callOf = (n) => ({
  type: 'tool_use',
  id: `call_${n}`,
  name: 'Bash',
  input: { command: `make part_${n} of ${n % 97}` },
});
const filler = 'the quick brown fox jumps over the lazy dog; ';
const hostileLines = {
  unparsable: (n) =>
    `{"type":"assistant","message":{"id":msg_${n},"content":[{'type':"tool_use","id":"call_${n}"}]}}\n`,
  truncated: (n) => `${message(n, null, callOf(n)).slice(0, 150 + (n % 90))}\n`,
  foreign: (n) => record({ level: 'info', time: n, msg: `request ${n} done`, req: { id: n, url: `/items/${n}` } }),
  huge: (n) => message(n, null, { type: 'text', text: `${n} ${filler.repeat(7_000)}` }),
  nested: (n) => `{"type":"assistant","n":${n},"message":${'{"a":['.repeat(3_000)}1${']}'.repeat(3_000)}}\n`,
  noisy: (n) =>
    n % 20 === 0
      ? message(n, null, callOf(n))
      : `2030-01-02T00:00:00Z worker ${n % 7} {"part":${n},"state":"done" took ${n % 91} ms and went on }\n`,
};
