import { expect } from 'chai';
import { createLineDetectors } from '#detection/line-detectors';
import { type LineBatch, lineFlag } from '#protocol/observations';
import { keepsTheDetectorContract } from '../contracts/detector.contract.ts';
import { batchesOf, rounds, told, watched } from './lines/told-lines.ts';

const looper = told(300, 20, () => 'processing request 17 failed, trying again without end');
const endMs = looper.at(-1)?.atMs ?? 0;

const joined = (batches: readonly LineBatch[]): LineBatch => ({
  count: batches.reduce((sum, batch) => sum + batch.count, 0),
  firstLine: batches[0]?.firstLine ?? 1,
  l1: Uint32Array.from(batches.flatMap((batch) => [...batch.l1])),
  l2: Uint32Array.from(batches.flatMap((batch) => [...batch.l2])),
  flags: Uint8Array.from(batches.flatMap((batch) => [...batch.flags])),
  atMs: Float64Array.from(batches.flatMap((batch) => [...batch.atMs])),
  samples: batches.flatMap((batch) => batch.samples),
});

const manyStrangers = function* (): Iterable<LineBatch> {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  for (let batch = 0; batch < 100; batch++) {
    const count = 1000;
    const l1 = Uint32Array.from({ length: count }, next);
    yield {
      count,
      firstLine: batch * count + 1,
      l1,
      l2: Uint32Array.from({ length: count }, next),
      flags: Uint8Array.from({ length: count }, () => (next() % 3 === 0 ? lineFlag.failing : lineFlag.fresh)),
      atMs: Float64Array.from({ length: count }, (_, index) => (batch * count + index) * 10),
      samples: Array.from({ length: 24 }, () => ({ l1: next(), l2: next(), text: 'x'.repeat(200) })),
    };
  }
};

keepsTheDetectorContract({
  name: 'the line detectors',
  create: () => createLineDetectors({ logWindowLines: 10 }),
  troubled: batchesOf(looper),
  endless: manyStrangers(),
  endMs,
  cut: (batches) => [joined(batches.slice(0, 17)), joined(batches.slice(17, 201)), joined(batches.slice(201))],
});

describe('line detectors', () => {
  it('tell the repetition as soon as it covers the window, long before a verdict', () => {
    const early = watched(looper.slice(0, 10));
    expect(early.findings(looper[9]?.atMs ?? 0).some((finding) => finding.level !== 'observe')).to.equal(false);
    expect(early.signals(looper[9]?.atMs ?? 0)).to.include({
      'output.period': 1,
      'output.cycles': 10,
      'output.repeat_lines': 10,
    });
  });

  it('tell a failing block whose numbers move as a repetition, and a counter in healthy lines as none', () => {
    const failing = told(
      60,
      10,
      rounds(
        (round) => `try of order ${round}`,
        (round) => `order ${round} was refused: error ${round * 3}`,
      ),
    );
    expect(watched(failing).signals(failing.at(-1)?.atMs ?? 0)).to.include({ 'output.period': 2, 'output.cycles': 30 });
    const counting = told(60, 10, (index) => `stored page ${index}`);
    expect(watched(counting).signals(counting.at(-1)?.atMs ?? 0)).to.include({
      'output.period': 0,
      'output.repeat_level': 0,
    });
  });

  it('let the signals go when the program has gone quiet or says something else', () => {
    const detectors = watched(looper);
    expect(detectors.signals(endMs)).to.include({ 'output.period': 1, 'output.repeat_level': 2 });
    expect(detectors.signals(endMs + 11_000)).to.include({ 'output.period': 0, 'output.repeat_level': 0 });
    const moved = watched([...looper, { atMs: endMs + 50, text: 'the request went through' }]);
    expect(moved.signals(endMs + 50)).to.include({ 'output.period': 0, 'output.cycles': 0 });
  });

  it('leave blank lines and redraws out of a block', () => {
    const lines = told(
      400,
      20,
      rounds(
        () => 'error: nobody answers',
        () => '',
        () => '----------',
        () => '\u280b waiting',
      ),
    );
    expect(watched(lines).signals(lines.at(-1)?.atMs ?? 0)).to.include({ 'output.period': 1, 'output.cycles': 100 });
  });
});
