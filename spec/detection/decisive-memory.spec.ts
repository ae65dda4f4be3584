import { expect } from 'chai';
import { DecisiveMemory } from '#detection/decisive-memory';
import type { AgentEvent } from '#protocol/agent-events';
import type { Finding } from '#protocol/judgement';
import type { LineBatch } from '#protocol/observations';

const finding = (detector: string, { count, period }: { count: number; period: number | null }): Finding => ({
  detector,
  level: 'act',
  atLine: 1,
  atMs: 1,
  count,
  period,
  hard: true,
  evidence: {
    summary: 'the words of a person',
    samples: ['npm i -D vitest'],
    unit: 'calls',
    period,
    count,
    firstAtMs: 0,
    lastAtMs: 1,
    masked: [],
    progressLookedFor: [],
  },
});

const call = (n: number, { hash, result }: { hash: number; result: number }): readonly AgentEvent[] => [
  {
    kind: 'tool-called',
    atMs: n,
    line: n,
    agent: 'main',
    callId: `c${n}`,
    round: null,
    tool: 'Bash',
    callHash: hash,
    mutates: false,
    waits: false,
    sample: 'npm i -D vitest',
  },
  {
    kind: 'tool-returned',
    atMs: n,
    line: n,
    agent: 'main',
    callId: `c${n}`,
    ok: true,
    resultHash: result,
    errorHash: null,
    isAbsence: false,
    isEmpty: false,
    sample: 'the words of a person',
  },
];

const lines = (...l1: readonly number[]): LineBatch => ({
  count: l1.length,
  firstLine: 1,
  l1: Uint32Array.from(l1),
  l2: Uint32Array.from(l1, (hash) => hash + 1000),
  flags: new Uint8Array(l1.length),
  atMs: new Float64Array(l1.length),
  samples: [],
});

describe('the memory of decisive events', () => {
  it('names the call that came back the same, with its result, as often as the detector counts', () => {
    const memory = new DecisiveMemory();
    memory.see(call(0, { hash: 11, result: 1 }), []);
    for (let n = 1; n <= 6; n += 1) memory.see(call(n, { hash: 42, result: 7 }), []);
    expect(memory.of([finding('tool-cycle', { count: 6, period: 1 })])).to.deep.equal([
      { detector: 'tool-cycle', kind: 'call', hash: 42, resultHash: 7, count: 6 },
    ]);
  });

  it('knows calls apart whose name is given again once it was answered', () => {
    const memory = new DecisiveMemory();
    memory.see(call(0, { hash: 11, result: 1 }), []);
    for (let n = 1; n <= 3; n += 1) memory.see(call(0, { hash: 42, result: 7 }), []);
    const [told] = memory.of([finding('tool-cycle', { count: 3, period: 1 })]);
    expect(told).to.include({ hash: 42, resultHash: 7 });
  });

  it('names the lines of a block by their shapes, exact or masked as its detector compares them', () => {
    const memory = new DecisiveMemory();
    memory.see([], [lines(1, 2, 1, 2, 1, 2, 9)]);
    const told = memory.of([
      finding('periodic-lines', { count: 3, period: 2 }),
      finding('masked-block', { count: 3, period: 1 }),
    ]);
    expect(told.map(({ kind, hash }) => `${kind} ${hash}`)).to.deep.equal(['line 1', 'line 2', 'template 1001']);
  });

  it('is silent without a finding, holds no text, and is bounded whatever came', () => {
    const memory = new DecisiveMemory();
    for (let n = 0; n < 5000; n += 1) memory.see(call(n, { hash: n, result: n }), [lines(n, n + 1)]);
    expect(memory.of([])).to.deep.equal([]);
    const all = memory.of(Array.from({ length: 8 }, () => finding('periodic-lines', { count: 400, period: 400 })));
    expect(all).to.have.length(8);
    expect(JSON.stringify(all)).to.not.match(/words|vitest/);
  });
});
