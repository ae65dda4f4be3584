import { expect } from 'chai';
import { createAgentDetectors } from '#detection/agent-detectors';
import type { AgentEvent } from '#protocol/agent-events';
import { isSignalName } from '#protocol/signals';
import { keepsTheDetectorContract } from '../contracts/detector.contract.ts';
import { story } from './agents/agent-story.ts';

const startMs = 1_760_000_000_000;

/** Many agents that do ever new things: the most there is to remember. */
const busyFleet = (count: number): readonly AgentEvent[] =>
  Array.from({ length: count }, (_, index): readonly AgentEvent[] => {
    const head = { atMs: startMs + index * 100, line: index, agent: `agent-${index % 200}` };
    return [
      { kind: 'said', ...head, textHash: index * 7_919, shapeHash: index, chars: 80, thought: false, sample: '' },
      {
        kind: 'tool-called',
        ...head,
        callId: `c${index}`,
        round: `r${index}`,
        tool: 'bash',
        callHash: index,
        mutates: index % 3 === 0,
        waits: false,
        sample: 'x'.repeat(200),
      },
      {
        kind: 'tool-returned',
        ...head,
        callId: `c${index}`,
        ok: index % 7 > 0,
        resultHash: index,
        errorHash: index % 7 > 0 ? null : 5,
        isAbsence: false,
        isEmpty: false,
        sample: '',
      },
      {
        kind: 'tokens-used',
        ...head,
        usageId: `m${index}`,
        model: 'claude-haiku-4-5',
        usage: { input: 9, output: index % 99, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 },
        reportedMicros: null,
      },
    ];
  }).flat();

const troubled = story().times(9, (told, index) =>
  told
    .does('open', { gate: 'north' }, `stuck, says ${index}`, { ok: false })
    .tell({ t: 'assistant_text', text: 'Once more.' })
    .tell({ t: 'agent_start', child: `child-${index}` }),
);

keepsTheDetectorContract<readonly AgentEvent[]>({
  name: 'the agent detectors',
  create: createAgentDetectors,
  troubled: [troubled.events],
  endless: (function* () {
    const events = busyFleet(3_000);
    for (let at = 0; at < events.length; at += 500) yield events.slice(at, at + 500);
  })(),
  endMs: troubled.nowMs,
  cut: (observed) => observed.flat().map((event) => [event]),
});

describe('the agent detectors as one', () => {
  it('hold the same findings however the events are batched', () => {
    const told = story().times(30, (s, i) =>
      s.does('read', { i: i % 2 }, 'same').tell({ t: 'assistant_text', text: `word ${i}` }),
    );
    const whole = createAgentDetectors();
    whole.observe(told.events);
    expect(whole.findings(told.nowMs)).to.deep.equal(told.findings());
    expect(whole.findings(told.nowMs)).to.not.deep.equal([]);
  });

  it('asking does not change the answer', () => {
    const told = story().times(6, (s) => s.does('read', {}, 'same'));
    const before = told.findings();
    told.detectors.findings(told.nowMs + 10_000_000);
    told.detectors.signals(told.nowMs + 10_000_000);
    expect(told.findings()).to.deep.equal(before);
  });

  it('fill only signals that exist, and no cost where nothing has a price', () => {
    const told = story().does('read', {}, 'x');
    const signals = told.detectors.signals(told.nowMs);
    expect(Object.keys(signals).filter((name) => !isSignalName(name))).to.deep.equal([]);
    expect(signals).to.not.have.property('cost.usd');
    told.tell({ t: 'usage', id: 'u', in: 1_000_000, out: 0, model: 'claude-haiku-4-5' });
    expect(told.detectors.signals(told.nowMs)).to.include({
      'cost.usd': 1,
      'cost.usd_10m': 1,
      'tokens.total': 1_000_000,
    });
  });

  it('count repeats and failures for the rules', () => {
    const told = story().times(4, (s) => s.does('open', {}, 'stuck', { ok: false }));
    expect(told.detectors.signals(told.nowMs)).to.include({
      'tools.name': 'open',
      'tools.calls': 4,
      'tools.repeats': 4,
      'tools.error_streak': 4,
      'tools.loop_level': 3,
    });
  });

  it('remember within the bound of a run, whatever the fleet does', () => {
    const detectors = createAgentDetectors();
    detectors.observe(busyFleet(3_000));
    expect(detectors.stateBytes()).to.be.lessThan(256 * 1024);
    const single = createAgentDetectors();
    single.observe(busyFleet(3_000).map((event) => ({ ...event, agent: 'main' })));
    expect(single.stateBytes()).to.be.lessThan(64 * 1024);
  });

  it('fold events faster than any fleet can tell them', () => {
    const events = busyFleet(5_000);
    const detectors = createAgentDetectors();
    const before = process.cpuUsage();
    for (let at = 0; at < events.length; at += 200) detectors.observe(events.slice(at, at + 200));
    const { user, system } = process.cpuUsage(before);
    // Thirty thousand a second is the aim, measured alone; half of it is asked for here, where other specs share the core.
    expect(events.length / ((user + system) / 1e6)).to.be.greaterThan(15_000);
  });
});
