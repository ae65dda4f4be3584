import { expect } from 'chai';
import { story } from './agent-story.ts';

const look = { path: 'garden.md' };

describe('tool loops: what is none', () => {
  const quiet = (name: string, tell: () => { level(): string }): void => {
    it(name, () => {
      expect(tell().level()).to.equal('none');
    });
  };

  quiet('a batch of one shape: other arguments, the same answer', () =>
    story().times(20, (s, i) => s.does('move_file', { from: `a${i}`, to: `b${i}` }, 'True')),
  );
  quiet('a list that is gone through twice', () =>
    story().times(2, (s) => s.times(8, (t, i) => t.does('read', { path: `f${i}` }, `text ${i}`))),
  );
  quiet('the same question with a moving answer, forty times', () =>
    story().times(40, (s, i) => s.does('status', {}, `${i} of 40 done`)),
  );
  quiet('a line counter that moves by one', () => story().times(12, (s, i) => s.does('tail', look, `line ${i}`)));
  quiet('two questions in turn whose answers move', () =>
    story().times(10, (s, i) => s.does('read', look, `v${i}`).does('list', {}, `${i} files`)),
  );
  quiet('a board that swings between two states', () =>
    story().times(10, (s, i) => s.does('task_list', {}, i % 2 === 0 ? 'open' : 'busy')),
  );
  quiet('edit and test in turn, though the test fails the same way', () =>
    story().times(10, (s, i) =>
      s
        .does('edit', { path: 'a', new: `v${i}` }, 'ok')
        .does('bash', { command: 'npm test' }, '1 failing', { ok: false }),
    ),
  );
  quiet('looking at the same file after each of many changes', () =>
    story().times(10, (s, i) =>
      s
        .does('write_file', { path: `p${i}`, content: `${i}` }, 'ok')
        .does('bash', { command: 'git status' }, 'clean enough'),
    ),
  );
  quiet('waiting, however often', () => story().times(30, (s) => s.does('bash', { command: 'sleep 5' }, '')));
  quiet('waiting with an empty command', () =>
    story().times(12, (s, i) =>
      s.does('execute_bash', { command: '', timeout: 120 }, `[still running, no new output after ${i * 120} seconds]`),
    ),
  );
  quiet('asking after a sleep what has not changed yet', () =>
    story().times(8, (s) =>
      s.does('bash', { command: 'sleep 30' }, '').does('bash', { command: 'cat build.state' }, 'linking'),
    ),
  );
  quiet('identical calls in one parallel batch', () =>
    story()
      .round(...Array.from({ length: 6 }, () => ['read', look, 'roses'] as const))
      .end(),
  );
  quiet('identical calls that were all made before the first was answered, where no round is marked', () => {
    const told = story().does('list', {}, 'one shed');
    const ask = (i: number) => told.tell({ t: 'tool_call', id: `twin-${i}`, name: 'read', args: look });
    const answer = (i: number) => told.tell({ t: 'tool_result', id: `twin-${i}`, ok: true, output: 'roses' });
    for (let i = 0; i < 6; i++) ask(i);
    for (let i = 0; i < 6; i++) answer(i);
    return told;
  });
  quiet('identical calls that overlap each other', () => {
    const told = story().does('list', {}, 'one shed');
    const ask = (i: number) => told.tell({ t: 'tool_call', id: `twin-${i}`, name: 'read', args: look });
    const answer = (i: number) => told.tell({ t: 'tool_result', id: `twin-${i}`, ok: true, output: 'roses' });
    ask(0);
    for (let i = 1; i < 6; i++) {
      ask(i);
      answer(i - 1);
    }
    answer(5);
    return told;
  });
  quiet('ever other words that are looked for and not found, told by a code alone', () =>
    story().times(9, (s, i) =>
      s.does('bash', { command: `rg ${'abcdefghi'[i]}corn` }, i % 2 ? 'Exit code 1' : '', { ok: false }),
    ),
  );
  quiet('eight commits of real work', () =>
    story().times(8, (s, i) =>
      s.does('bash', { command: `git add f${i} && git commit -m step-${i}` }, `[main] step-${i}`),
    ),
  );

  it('only warns of one name after another that is not there', () => {
    const told = story().times(12, (s, i) => s.does('find_hen', { name: `h${i}` }, 'no such hen', { ok: false }));
    expect(told.level()).to.equal('warn');
  });

  it('does not add up what a transport sends again', () => {
    const told = story().times(3, (s) => s.calls('go', look));
    told.tell({ t: 'stream_retry' }).times(3, (s) => s.calls('go', look));
    expect(told.level()).to.equal('observe');
  });

  it('does not add up answered calls that a transport sends again', () => {
    const told = story();
    const send = (i: number) =>
      told
        .tell({ t: 'tool_call', id: `go-${i}`, name: 'go', args: look })
        .tell({ t: 'tool_result', id: `go-${i}`, ok: true, output: 'gone' });
    send(1);
    for (let again = 0; again < 5; again++) {
      told.tell({ t: 'stream_retry' });
      send(1);
    }
    expect(told.level()).to.equal('none');
  });

  it('stops counting when a person says something new', () => {
    const told = story().times(4, (s) => s.does('list', {}, 'one two'));
    told.tell({ t: 'user_message', text: 'try the other shed' }).times(2, (s) => s.does('list', {}, 'one two'));
    expect(told.level('tool-cycle')).to.equal('warn');
  });

  it('begins anew with another session', () => {
    const told = story().times(4, (s) => s.tell({ t: 'tool_call', id: '', name: 'read', args: look, run: 'beat-1' }));
    told.tell({ t: 'tool_call', id: '', name: 'read', args: look, run: 'beat-2' });
    expect(told.findings()).to.deep.equal([]);
  });

  it('does not count the second half of a pair of hooks', () => {
    const told = story();
    for (let i = 0; i < 2; i++) {
      for (const _half of ['pre', 'post']) told.tell({ t: 'tool_call', id: `same-${i}`, name: 'read', args: look });
      told.tell({ t: 'tool_result', id: `same-${i}`, name: 'read', ok: true, output: 'roses' });
    }
    expect(told.level()).to.equal('none');
  });

  it('keeps sub-agents apart: what each does twice is not done four times', () => {
    const told = story().times(2, (s) =>
      s.does('read', look, 'roses', { agent: 'a' }).does('read', look, 'roses', { agent: 'b' }),
    );
    expect(told.level()).to.equal('none');
    told.times(3, (s) => s.does('read', look, 'roses', { agent: 'a' }));
    expect(told.level('tool-cycle')).to.equal('act');
    expect(told.findings()[0]?.evidence.summary).to.match(/^sub-agent a: /);
  });
});
