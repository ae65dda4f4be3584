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
