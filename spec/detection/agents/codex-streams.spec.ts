import { expect } from 'chai';
import { codexBegan, codexEdited, codexRan, judgedStream, type Told, times } from './judged-stream.ts';

describe('Codex streams', () => {
  it('two edits of one file are two edits, though only its path is told', () => {
    const edits = times(9, (i) => codexEdited(`item_${i}`, 'beds/north.rb'));
    expect(judgedStream([...codexBegan, ...edits])).to.equal('none');
  });

  it('edits of one file with a passing test after each are work', () => {
    const rounds = times(9, (i) => [
      ...codexEdited(`item_${2 * i}`, 'beds/north.rb'),
      ...codexRan(`item_${2 * i + 1}`, 'rake test', { output: '14 runs, 0 failures' }),
    ]);
    expect(judgedStream([...codexBegan, ...rounds])).to.equal('none');
  });

  it('an edit that is refused each time is the same refusal', () => {
    const refusals = times(5, (i) => codexEdited(`item_${i}`, 'beds/north.rb', 'failed'));
    expect(judgedStream([...codexBegan, ...refusals])).to.equal('act');
  });

  it('a sleep is a sleep, and a look after it a poll, behind whatever shell', () => {
    const sleeps = times(10, (i) => codexRan(`item_${i}`, "bash -lc 'sleep 45'"));
    expect(judgedStream([...codexBegan, ...sleeps])).to.equal('none');
    const polls = times(6, (i) =>
      codexRan(`item_${i}`, "bash -lc 'sleep 45; podman ps'", { output: 'kettle: warming' }),
    );
    expect(judgedStream([...codexBegan, ...polls])).to.equal('none');
  });

  it('a change behind a shell is a change, and looking again after it is right', () => {
    const rounds = times(12, (i) => [
      ...codexRan(`item_${2 * i}`, `bash -lc 'sed -i s/seed${i}/plant/ beds.rb'`),
      ...codexRan(`item_${2 * i + 1}`, "bash -lc 'rake test'", { output: 'all green' }),
    ]);
    expect(judgedStream([...codexBegan, ...rounds])).to.equal('none');
  });

  it('a transcript says its arguments as JSON text, and they are read as what they are', () => {
    const header = { type: 'session_meta', payload: { id: 'garden', cwd: '/shed' } };
    const item = (payload: Told): Told => ({ type: 'response_item', payload });
    const did = (id: string, name: string, args: unknown, output: string): readonly Told[] => [
      item({ type: 'function_call', call_id: id, name, arguments: JSON.stringify(args) }),
      item({ type: 'function_call_output', call_id: id, output }),
    ];
    const waits = times(8, (i) => did(`w${i}`, 'write_stdin', { session_id: 3, chars: '' }, 'Process running'));
    expect(judgedStream([header, ...waits])).to.equal('none');
    const rounds = times(12, (i) => [
      ...did(`e${i}`, 'exec_command', { cmd: `sed -i s/seed${i}/plant/ beds.rb` }, 'Exit code: 0'),
      ...did(`t${i}`, 'exec_command', { cmd: 'rake test' }, 'Exit code: 0\nall green'),
    ]);
    expect(judgedStream([header, ...rounds])).to.equal('none');
  });

  it('items that are numbered anew in each turn are new items', () => {
    const turns = times(5, () => [
      { type: 'turn.started' },
      ...codexRan('item_0', 'rake test', { output: '1 failure', code: 1 }),
      { type: 'turn.completed', usage: {} },
    ]);
    expect(judgedStream([...codexBegan, ...turns], { detector: 'failing-call' })).to.equal('act');
  });

  it('six equal calls that began before the first was done are one batch', () => {
    const item = (i: number): Told => ({ id: `item_${i}`, type: 'mcp_tool_call', server: 'shed', tool: 'list' });
    const began = times(6, (i) => [{ type: 'item.started', item: { ...item(i), status: 'in_progress' } }]);
    const done = times(6, (i) => [
      { type: 'item.completed', item: { ...item(i), result: 'rake', status: 'completed' } },
    ]);
    expect(judgedStream([...codexBegan, ...began, ...done])).to.equal('none');
  });
});
