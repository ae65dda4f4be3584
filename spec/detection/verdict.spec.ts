import { expect } from 'chai';
import { verdictOf } from '#detection/verdict';
import type { Finding } from '#protocol/judgement';

const finding = (detector: string, level: Finding['level'], more: Partial<Finding> = {}): Finding => ({
  detector,
  level,
  atLine: 1,
  atMs: 0,
  count: 1,
  period: null,
  hard: false,
  evidence: {
    summary: '1 thing',
    samples: [],
    unit: 'things',
    period: null,
    count: 1,
    firstAtMs: 0,
    lastAtMs: 0,
    masked: [],
    progressLookedFor: ['more'],
  },
  ...more,
});

describe('the verdict', () => {
  it('is none without findings, and observe while nothing is sure', () => {
    expect(verdictOf([])).to.equal('none');
    expect(verdictOf([finding('periodic-lines', 'observe')])).to.equal('observe');
  });
  it('warns on one soft sign, however sure it is', () => {
    expect(verdictOf([finding('periodic-lines', 'warn')])).to.equal('warn');
    expect(verdictOf([finding('periodic-lines', 'act')])).to.equal('warn');
  });
  it('acts on one hard sign', () => {
    expect(verdictOf([finding('degenerate-text', 'act', { hard: true })])).to.equal('act');
  });
  it('acts on a soft sign that an independent one supports', () => {
    expect(verdictOf([finding('periodic-lines', 'act'), finding('output-volume', 'warn')])).to.equal('act');
  });
  it('does not take two looks at one repetition for two signs', () => {
    expect(verdictOf([finding('periodic-lines', 'act'), finding('masked-block', 'warn')])).to.equal('warn');
  });
  it('does not take a failing line that repeats for a flood of failures besides', () => {
    expect(verdictOf([finding('periodic-lines', 'act'), finding('failing-flood', 'warn')])).to.equal('warn');
  });
  it('does not add up what lies far apart', () => {
    expect(verdictOf([finding('periodic-lines', 'act'), finding('output-volume', 'warn', { atMs: 121_000 })])).to.equal(
      'warn',
    );
  });
  it('never acts on warnings alone', () => {
    expect(
      verdictOf([finding('failing-flood', 'warn'), finding('masked-block', 'warn'), finding('output-volume', 'warn')]),
    ).to.equal('warn');
  });
});
