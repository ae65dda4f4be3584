import { expect } from 'chai';
import { story } from './agent-story.ts';

const look = { path: 'garden.md' };

describe('tool loops: what is one', () => {
  it('warns at the third call with the same result and acts at the fifth', () => {
    const told = story().times(3, (s) => s.does('read', look, 'roses'));
    expect(told.level()).to.equal('warn');
    told.times(2, (s) => s.does('read', look, 'roses'));
    expect(told.level('tool-cycle')).to.equal('act');
  });

  it('acts at the fourth failure of the very same call, whatever the error says', () => {
    const errors = ['no such gate', 'the gate is gone', 'gate? what gate?', 'no such gate'];
    const told = story().times(3, (s, i) => s.does('open', look, errors[i] ?? '', { ok: false }));
    expect(told.level('failing-call')).to.equal('warn');
    told.does('open', look, errors[3] ?? '', { ok: false });
    expect(told.level('failing-call')).to.equal('act');
  });

  it('acts at the fourth failure of the very same call also where a code is all it says', () => {
    const told = story().times(4, (s) => s.does('bash', { command: './hatch' }, 'Exit code 3', { ok: false }));
    expect(told.level('failing-call')).to.equal('act');
  });

  it('counts a success that prints an error as an error', () => {
    const told = story().times(4, (s) =>
      s.does('python', { code: 'grow(' }, '  File "x", line 1\nSyntaxError: unexpected end'),
    );
    expect(told.level('tool-cycle')).to.equal('act');
  });

  it('does not take two different errors of one printing call for the same', () => {
    const told = story().times(6, (s, i) =>
      s.does('python', { code: 'grow(' }, `  line ${i}\nSyntaxError: bad seed ${i}`),
    );
    expect(told.level()).to.equal('none');
  });

  it('sees the same error behind ever different calls', () => {
    const told = story().times(8, (s, i) => s.does('shell', { [`arg${i}`]: i }, 'unknown tool: shell', { ok: false }));
    expect(told.level('same-error')).to.equal('act');
  });

  it('sees the same error behind what each call was given', () => {
    const beds = ['north', 'south', 'east', 'west', 'herbs', 'roses', 'beans', 'leeks'];
    const locked = story().times(8, (s, i) =>
      s.does('write', { path: `/beds/${beds[i]}.txt`, text: 'x' }, `EPERM: locked, open '/beds/${beds[i]}.txt'`, {
        ok: false,
      }),
    );
    expect(locked.level('same-error')).to.equal('act');
    const missing = story().times(8, (s, i) =>
      s.does(`shed__${beds[i]}`, {}, `Error: No such tool available: shed__${beds[i]}`, { ok: false }),
    );
    expect(missing.level('same-error')).to.equal('act');
    const inCommands = story().times(8, (s, i) =>
      s.does('bash', { command: `mow ${beds[i]} --short` }, `mow: ${beds[i]}: the mower is broken`, { ok: false }),
    );
    expect(inCommands.level('same-error')).to.equal('act');
  });

  it('does not take different errors for one because each repeats what its call was given', () => {
    const errors = ['is locked', 'is wet', 'has no gate', 'is asleep', 'is full', 'is dry', 'is sown', 'is mown'];
    const told = story().times(8, (s, i) => s.does('mow', { bed: `bed${i}` }, `bed${i} ${errors[i]}`, { ok: false }));
    expect(told.level()).to.equal('none');
  });

  it('needs no company where the same was asked and the same came back, but does where results are not seen', () => {
    const seen = story().times(5, (s) => s.does('read', look, 'roses'));
    expect(seen.findings().every((finding) => finding.hard)).to.equal(true);
    const unseen = story().times(6, (s) => s.calls('read', look));
    expect(unseen.findings().map((finding) => [finding.level, finding.hard])).to.deep.equal([['act', false]]);
  });

  it('sees a cycle of three, and names its period', () => {
    const told = story().times(4, (s) =>
      s.does('read', look, 'roses').does('edit', { old: 'a', new: 'b' }, 'not found').does('test', {}, '1 failing'),
    );
    expect(told.level('tool-cycle')).to.equal('act');
    expect(told.findings().find((finding) => finding.detector === 'tool-cycle')?.period).to.equal(3);
  });

  it('sees a plan of twelve steps that begins over', () => {
    const told = story().times(4, (s) => s.times(12, (t, step) => t.does('visit', { step }, `stop ${step}`)));
    expect(told.level('tool-cycle')).to.equal('act');
  });

  it('sees a question that comes back between other work', () => {
    const told = story().times(6, (s, i) =>
      s.does('search', { q: 'price of pears' }, 'no hits').does('read', { path: `note-${i}` }, `note ${i}`),
    );
    expect(told.level('interleaved-repeat')).to.equal('act');
  });

  it('is not fooled by one-off probes between repeated writes', () => {
    const order = [0, 1, 0, 1, 1, 0, 9, 0, 1, 1, 0, 8, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0];
    const told = story().times(order.length, (s, i) =>
      s.does('write', { path: `/n/${order[i]}`, content: 'x' }, 'written'),
    );
    expect(told.level('interleaved-repeat')).to.equal('act');
  });

  it('knows a call by its meaning: key order, bookkeeping and nonces do not make another', () => {
    const told = story()
      .does('rule', { a: 1, b: { x: 1, y: 2 }, nonce: 'f00d' }, 'ok then')
      .does('rule', { b: { y: 2, x: 1 }, a: 1, nonce: 'beef' }, 'ok then')
      .does('rule', { a: 1, b: { y: 2, x: 1 }, task_progress: '2/9' }, 'ok then')
      .does('rule', { nonce: '1', b: { x: 1, y: 2 }, a: 1 }, 'ok then')
      .does('rule', { request_id: 'r-5', a: 1, b: { x: 1, y: 2 } }, 'ok then');
    expect(told.level('tool-cycle')).to.equal('act');
  });

  it('knows a result by its meaning: ids, pids and durations in it do not make another', () => {
    const told = story().times(5, (s, i) =>
      s.does(
        'send',
        { to: 'hens', text: 'corn' },
        `{"ok":true,"messageId":"om_${i}","took":"${i + 3}ms","pid":${900 + i}}`,
      ),
    );
    expect(told.level('tool-cycle')).to.equal('act');
  });

  it('compares a parallel batch as a set: order does not matter', () => {
    const told = story()
      .round(['read', { f: 1 }, 'one'], ['read', { f: 2 }, 'two'], ['read', { f: 3 }, 'three'])
      .round(['read', { f: 3 }, 'three'], ['read', { f: 1 }, 'one'], ['read', { f: 2 }, 'two'])
      .round(['read', { f: 2 }, 'two'], ['read', { f: 3 }, 'three'], ['read', { f: 1 }, 'one']);
    expect(told.level('tool-cycle')).to.equal('warn');
    expect(told.findings()[0]?.period).to.equal(1);
  });

  it('sees the one sub-agent that repeats itself among others at work', () => {
    const told = story().times(8, (s, i) =>
      s
        .does('grep', { pattern: `word${i}` }, `${i} places`, { agent: 'seeker' })
        .does('bash', { command: './deploy' }, 'refused', { agent: 'stuck', ok: false })
        .does('edit', { path: `p${i}`, new: `${i}` }, 'ok', { agent: 'writer' }),
    );
    expect(told.level('failing-call')).to.equal('act');
    expect(told.findings().every((finding) => /stuck/.test(JSON.stringify(finding)))).to.equal(true);
  });

  it('is not put off by words and thoughts between the calls', () => {
    const told = story().times(6, (s, i) =>
      s
        .tell({ t: 'thought', text: `Perhaps the ${i}th time it works.` })
        .tell({ t: 'assistant_text', text: `Let me try again, now with more care (${i}).` })
        .does('bash', { command: './deploy' }, 'refused', { ok: false }),
    );
    expect(told.level('failing-call')).to.equal('act');
  });

  it('asks for more where results are not to be seen, and gets there', () => {
    const told = story().times(3, (s) => s.calls('inspect', look));
    expect(told.level('tool-cycle')).to.not.equal('warn');
    told.calls('inspect', look);
    expect(told.level('tool-cycle')).to.equal('warn');
    told.times(2, (s) => s.calls('inspect', look));
    expect(told.level('tool-cycle')).to.equal('act');
  });

  it('counts calls that are not even JSON', () => {
    const told = story().times(4, (s) => s.does('edit', '{"path": "a', 'could not parse the arguments', { ok: false }));
    expect(told.level('failing-call')).to.equal('act');
  });

  it('acts on a silent process that is asked for the twentieth time, not before', () => {
    const told = story().times(19, (s) => s.does('BashOutput', { bash_id: 'b1' }, '(No content)'));
    expect(told.level()).to.equal('warn');
    told.does('BashOutput', { bash_id: 'b1' }, '(No content)');
    expect(told.level('unchanged-poll')).to.equal('act');
  });

  it('has for a question after the state of things the patience that polls need, and no more', () => {
    const told = story().times(9, (s) => s.does('kettle_status', { of: 'shed' }, 'warming'));
    expect(told.level()).to.equal('none');
    told.times(6, (s) => s.does('kettle_status', { of: 'shed' }, 'warming'));
    expect(told.level('unchanged-poll')).to.equal('warn');
  });

  it('is not put off by a call that is never answered', () => {
    const told = story().does('list', {}, 'one shed').calls('water', { bed: 1 });
    told.times(6, (s) => s.does('read', look, 'roses'));
    expect(told.level('tool-cycle')).to.equal('act');
  });

  it('compares batches also where no round is marked', () => {
    const told = story().times(5, (s, batch) => {
      for (const bed of [1, 2, 3]) s.tell({ t: 'tool_call', id: `b${batch}-${bed}`, name: 'read', args: { bed } });
      for (const bed of [3, 1, 2]) s.tell({ t: 'tool_result', id: `b${batch}-${bed}`, ok: true, output: `bed ${bed}` });
    });
    expect(told.level('tool-cycle')).to.equal('act');
    expect(told.findings().find((finding) => finding.detector === 'tool-cycle')?.period).to.equal(1);
  });

  it('is not put off by ids that begin over with every answer', () => {
    const told = story().times(5, (s) =>
      s
        .tell({ t: 'tool_call', id: 'call_0', name: 'read', args: look })
        .tell({ t: 'tool_result', id: 'call_0', ok: true, output: 'roses' }),
    );
    expect(told.level('tool-cycle')).to.equal('act');
  });

  it('is not put off by calls and results without ids', () => {
    const told = story().times(5, (s) =>
      s.tell({ t: 'tool_call', name: 'read', args: look }).tell({ t: 'tool_result', ok: true, output: 'roses' }),
    );
    expect(told.level('tool-cycle')).to.equal('act');
  });

  it('is not put off by the same words from a script each time', () => {
    const told = story().times(5, (s) =>
      s.tell({ t: 'user_message', text: 'Please continue.' }).does('read', look, 'roses'),
    );
    expect(told.level('tool-cycle')).to.equal('act');
  });
});
