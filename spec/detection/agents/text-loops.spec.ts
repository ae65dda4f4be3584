import { expect } from 'chai';
import { story } from './agent-story.ts';

describe('loops without a tool', () => {
  it('warns at the third equal message and acts at the fifth', () => {
    const told = story().times(3, (s) => s.tell({ t: 'assistant_text', text: 'All hens are fed.' }));
    expect(told.level('repeated-text')).to.equal('warn');
    told.times(2, (s) => s.tell({ t: 'assistant_text', text: 'All hens are fed.' }));
    expect(told.level('repeated-text')).to.equal('act');
  });

  it('only warns where messages differ by a number', () => {
    const told = story().times(12, (s, i) => s.tell({ t: 'assistant_text', text: `Thinking about hen ${i}` }));
    expect(told.level()).to.equal('warn');
  });

  it('hears two messages that take turns with a hook', () => {
    const told = story().times(6, (s) =>
      s
        .tell({ t: 'assistant_text', text: 'Done.' })
        .tell({ t: 'user_message', text: 'Tests are missing.' })
        .tell({ t: 'assistant_text', text: 'They are not needed.' }),
    );
    expect(told.level('repeated-text')).to.equal('act');
  });

  it('says nothing of a message that a transport sends again', () => {
    const told = story().times(6, (s) =>
      s.tell({ t: 'assistant_text', text: 'I will weed the north bed now.' }).tell({ t: 'stream_retry' }),
    );
    expect(told.level()).to.equal('none');
  });

  it('says nothing of a filler sentence before ever new work', () => {
    const told = story().times(30, (s, i) =>
      s.tell({ t: 'assistant_text', text: 'One moment please.' }).does('search', { q: i }, `hit ${i}`),
    );
    expect(told.level()).to.equal('none');
  });

  it('says nothing of one thought before different calls', () => {
    const told = story().times(6, (s, i) =>
      s.tell({ t: 'thought', text: 'Read the next one.' }).does('read', { i }, `text ${i}`),
    );
    expect(told.level()).to.equal('none');
  });

  it('acts on the fifth compaction with nothing in between, and on none with work in between', () => {
    expect(
      story()
        .times(5, (s) => s.tell({ t: 'context_compaction' }))
        .level('compaction-loop'),
    ).to.equal('act');
    const worked = story().times(9, (s, i) => s.tell({ t: 'context_compaction' }).does('list', { i }, `dir ${i}`));
    expect(worked.level()).to.equal('none');
    expect(worked.detectors.signals(worked.nowMs)['context.compactions_10m']).to.equal(9);
  });

  it('warns of thoughts that lead nowhere by their tokens and their time, both', () => {
    const thinks = (count: number, afterMs: number) =>
      story().times(count, (s, i) =>
        s.tell(
          {
            t: 'thought',
            text: `What if hen ${i} ${'hm '.repeat(1_000)}${i * 7}${String.fromCharCode(97 + (i % 26)).repeat(i)}`,
          },
          afterMs,
        ),
      );
    expect(thinks(45, 1_000).level('endless-thinking')).to.equal('none');
    expect(thinks(45, 10_000).level('endless-thinking')).to.equal('warn');
    expect(thinks(90, 10_000).level('endless-thinking')).to.equal('act');
    const told = thinks(90, 10_000);
    expect(told.detectors.signals(told.nowMs)['thinking.level']).to.equal(3);
  });

  it('forgets the thoughts once there is a call', () => {
    const told = story();
    told.times(60, (s, i) =>
      s.tell({ t: 'usage', id: `u${i}`, out: 1_000, in: 0 }, 10_000).does('read', { i }, `${i}`),
    );
    expect(told.level('endless-thinking')).to.equal('none');
  });
});

describe('an agent as a whole', () => {
  it('acts on a fan-out of three a second before it is five seconds old', () => {
    const told = story();
    const beganMs = told.nowMs;
    while (told.level('agent-explosion') !== 'act' && told.nowMs - beganMs < 20_000) {
      told.tell({ t: 'agent_start', child: `c${told.nowMs}` }, 300);
    }
    expect(told.nowMs - beganMs).to.be.at.most(4_500);
    expect(told.findings()[0]?.hard).to.equal(true);
  });

  it('says nothing of ten children started at once that come back', () => {
    const told = story().times(10, (s, i) => s.tell({ t: 'agent_start', child: `c${i}` }, 50));
    told.times(10, (s, i) => s.tell({ t: 'agent_end', child: `c${i}` }, 5_000));
    expect(told.level()).to.equal('none');
    expect(told.detectors.signals(told.nowMs)['agents.active']).to.equal(0);
    expect(told.detectors.signals(told.nowMs)['agents.spawned_5m']).to.equal(10);
  });

  it('warns of an agent that starts itself over and over, each from within the last', () => {
    const told = story();
    for (let depth = 0; depth < 5; depth++)
      told.tell({ t: 'agent_start', agent: depth === 0 ? 'main' : `c${depth - 1}`, child: `c${depth}` }, 60_000);
    expect(told.level('agent-explosion')).to.equal('warn');
    expect(told.detectors.signals(told.nowMs)['agents.depth']).to.equal(5);
  });

  it('warns of requests that fail every few seconds for minutes, and never acts on them', () => {
    const refused = (count: number) =>
      story().times(count, (s) => s.tell({ t: 'api_error', text: 'too many requests', status: 429 }, 8_000));
    expect(refused(12).level('retry-storm')).to.equal('none');
    expect(refused(60).level('retry-storm')).to.equal('warn');
    const served = story().times(60, (s, i) =>
      s.tell({ t: 'api_error', text: 'too many requests' }, 8_000).tell({ t: 'usage', id: `${i}`, in: 5, out: 1 }, 500),
    );
    expect(served.level('retry-storm')).to.equal('none');
  });

  it('acts on twenty failed requests in a minute with no answer, not on those with answers', () => {
    const storm = story().times(20, (s) => s.tell({ t: 'api_error', text: 'HTTP 429', status: 429 }, 500));
    expect(storm.level('retry-storm')).to.equal('act');
    const served = story().times(40, (s, i) =>
      s.tell({ t: 'api_error', text: 'HTTP 429' }, 500).tell({ t: 'usage', id: `${i}`, in: 5, out: 1 }, 500),
    );
    expect(served.level()).to.equal('none');
    expect(served.detectors.signals(served.nowMs)['api.errors_1m']).to.be.greaterThan(20);
  });

  it('notices a process that stays after its last word, and forgets it when work goes on', () => {
    const told = story().tell({ t: 'done', text: 'bye' });
    const doneMs = told.nowMs;
    expect(told.detectors.findings(doneMs + 59_000)).to.deep.equal([]);
    expect(told.detectors.findings(doneMs + 60_000)[0]).to.include({
      detector: 'not-exiting',
      level: 'warn',
      atLine: 1,
      atMs: doneMs + 60_000,
    });
    expect(told.detectors.findings(doneMs + 500_000)[0]).to.include({ level: 'act', atMs: doneMs + 180_000 });
    told.does('read', {}, 'more');
    expect(told.detectors.findings(told.nowMs + 500_000)).to.deep.equal([]);
  });

  it('calls an approval needs_input until it is answered, and nothing else', () => {
    const told = story().tell({ t: 'tool_call', id: 'x', name: 'bash', args: { command: 'make' } });
    expect(told.detectors.signals(told.nowMs)['agent.state']).to.equal('tool');
    told.tell({ t: 'approval_pending', text: 'run make?' });
    expect(told.detectors.signals(told.nowMs + 3_600_000)['agent.state']).to.equal('needs_input');
    expect(told.detectors.findings(told.nowMs + 3_600_000)).to.deep.equal([]);
    told.tell({ t: 'tool_result', id: 'x', name: 'bash', ok: true, output: 'made' });
    expect(told.detectors.signals(told.nowMs)['agent.state']).to.equal('working');
  });

  it('says that a sub-agent is at work until it is back', () => {
    const told = story().tell({ t: 'tool_call', id: 'child', name: 'Task', args: { prompt: 'count the hens' } });
    const state = () => told.detectors.signals(told.nowMs)['agent.state'];
    expect(state()).to.equal('sub_agent');
    told.tell({ t: 'tool_call', id: 'look', name: 'read', args: { path: 'coop' }, agent: 'child' });
    expect(state()).to.equal('sub_agent');
    told.tell({ t: 'tool_result', id: 'look', ok: true, output: '12', agent: 'child' });
    told.tell({ t: 'tool_result', id: 'child', ok: true, output: '12 hens' });
    expect(state()).to.equal('working');
  });

  it('says nothing of a sub-agent that was sent away and is heard of no more', () => {
    const told = story().tell({ t: 'agent_start', child: 'scout' }).does('read', {}, 'roses');
    expect(told.detectors.signals(told.nowMs)['agent.state']).to.equal('working');
  });

  it('keeps one finding per episode where its level was reached, and lets go of it a minute after', () => {
    const told = story().times(5, (s) => s.does('read', {}, 'roses'));
    const [first] = told.findings();
    told.times(20, (s) => s.does('read', {}, 'roses'));
    const held = told.findings().filter((finding) => finding.detector === 'tool-cycle');
    expect(held).to.have.length(1);
    expect(held[0]).to.include({ level: 'act', atLine: first?.atLine, atMs: first?.atMs });
    told
      .does('read', {}, 'tulips')
      .does('write', { path: 'x', content: '1' }, 'ok')
      .tell({ t: 'assistant_text', text: 'on I go' }, 61_000);
    expect(told.findings()).to.deep.equal([]);
  });

  it('says what repeated, how often, what was masked and what would have spoken for the agent', () => {
    const told = story().times(5, (s) => s.does('bash', { command: 'cat roses' }, 'red'));
    const evidence = told.findings().find((finding) => finding.detector === 'tool-cycle')?.evidence;
    expect(evidence?.samples).to.deep.equal(['bash: cat roses']);
    expect(evidence?.count).to.equal(5);
    expect(evidence?.masked).to.include('key order');
    expect(evidence?.progressLookedFor).to.include('a changed result');
    expect(evidence?.lastAtMs).to.be.greaterThan(evidence?.firstAtMs ?? Number.POSITIVE_INFINITY);
  });
});
