import { expect } from 'chai';
import { ProgressGuard } from '#detection/progress-guard';
import type { AgentEvent } from '#protocol/agent-events';
import type { ProgressMark } from '#protocol/observations';
import { createTeller } from './told-observations.ts';

/** The age of progress after each second of a job that prints what `linesOf` says, `perSecond` times a second. */
const agesOf = (seconds: number, linesOf: (turn: number) => readonly string[], perSecond = 10): number[] => {
  const guard = new ProgressGuard();
  const tell = createTeller();
  return Array.from({ length: seconds }, (_, second) => {
    const lines = Array.from({ length: perSecond }, (_, index) => linesOf(second * perSecond + index)).flat();
    guard.observe(tell({ atMs: second * 1000, lines }), second * 1000);
    return guard.signals(second * 1000)['progress.age'];
  }).map(Number);
};
const word = (frame: number): string => String.fromCharCode(97 + (frame % 26), 97 + Math.floor(frame / 26));
const hex = (turn: number): string => (turn * 2_654_435_761).toString(16).padStart(12, 'a');

describe('the progress guard lets the age of progress grow for', () => {
  const loopers: Readonly<Record<string, (turn: number) => readonly string[]>> = {
    'one line for ever': () => ['processing request 4242 failed, retrying endlessly'],
    'one neutral line for ever': () => ['waiting for the queue'],
    'one failing line with a counter': (turn) => [`attempt ${turn} failed, trying again`],
    'a 3-line failing cycle with a changing number': (turn) => [
      `job ${turn}: fetching`,
      `job ${turn} failed: connection refused`,
      `job ${turn}: trying again`,
    ],
    'a 3-line failing cycle with a changing hash': (turn) => [
      `request ${hex(turn)} sent`,
      `request ${hex(turn)} failed`,
      'trying again',
    ],
    'a cycle that says a line twice': (turn) => [`step of ${turn}`, `step of ${turn + 1}`, `error in ${turn}`],
    'a crash loop with a trace of ninety lines': (turn) => [
      `starting worker ${turn}`,
      ...Array.from({ length: 90 }, (_, frame) => `  at ${word(frame)} line ${turn + frame}`),
      `error: worker ${turn} failed`,
    ],
    'a crash loop with a long trace': (turn) => [
      `starting worker ${turn}`,
      ...Array.from({ length: 12 }, (_, frame) => `  at line ${turn + frame} of file ${'abcdefghijkl'[frame]}`),
      `error: worker ${turn} failed`,
    ],
  };
  for (const [what, linesOf] of Object.entries(loopers))
    it(what, () => {
      expect(agesOf(20, linesOf).at(-1)).to.be.at.least(14);
    });
});

describe('the progress guard keeps the age of progress near zero for', () => {
  const healthy: Readonly<Record<string, (turn: number) => readonly string[]>> = {
    'a training loop with epochs and a falling loss': (turn) => [`epoch ${turn} loss ${(5 / (turn + 1)).toFixed(4)}`],
    'a training loop of three lines an epoch': (turn) => [
      `epoch ${turn}`,
      `  train loss ${(5 / (turn + 1)).toFixed(4)}`,
      `  saved step ${turn * 100}`,
    ],
    'advancing step numbers': (turn) => [`step ${turn}`],
    'a progress bar': (turn) => [`${turn / 2} % of 900 MB`],
    'a bar between failures': (turn) => [`item ${turn}/5000`, `item ${turn} failed`],
    'a test runner with a failure now and then': (turn) => [turn % 7 === 3 ? `test ${turn} failed` : `test ${turn} ok`],
    'ever new kinds of lines': (turn) => [
      `loaded ${String.fromCharCode(97 + (turn % 26), 97 + (Math.floor(turn / 26) % 26))}`,
    ],
  };
  for (const [what, linesOf] of Object.entries(healthy))
    it(what, () => {
      expect(Math.max(...agesOf(40, linesOf))).to.be.below(2);
    });
});

describe('the progress guard', () => {
  it('takes a run that is older than itself for quiet until what it did is read again', () => {
    const guard = new ProgressGuard();
    guard.takeUp(8_000);
    expect(guard.signals(0)['progress.age']).to.equal(8);
    guard.takeUp(3_600_000);
    expect(guard.signals(0)['progress.age']).to.equal(30);
    const tell = createTeller();
    guard.observe(tell({ atMs: 1_000_000, lines: ['a kind of line not seen before'] }), 0);
    expect(guard.signals(0)['progress.age']).to.equal(0);
  });

  const mark = (atMs: number, detail: string, source: ProgressMark['source'] = 'heartbeat'): ProgressMark => ({
    atMs,
    source,
    sharePct: null,
    detail,
  });

  it('believes a heartbeat whose token changes, and not one that repeats', () => {
    const guard = new ProgressGuard();
    const tell = createTeller();
    guard.observe(tell({ atMs: 10_000, progress: [mark(10_000, 'step 1')] }), 10_000);
    guard.observe(tell({ atMs: 20_000, progress: [mark(20_000, 'step 1')] }), 20_000);
    expect(guard.signals(20_000)).to.deep.equal({ 'progress.age': 10 });
    guard.observe(tell({ atMs: 21_000, progress: [{ ...mark(20_500, 'step 2'), sharePct: 40 }] }), 21_000);
    expect(guard.signals(21_000)).to.deep.equal({ 'progress.age': 0.5, 'progress.share_pct': 40 });
  });

  it('believes a person who says something new, and not a loop that sends its prompt again', () => {
    const guard = new ProgressGuard();
    const tell = createTeller();
    const ageAfter = (second: number, textHash: number) => {
      const events: readonly AgentEvent[] = [
        { kind: 'user-spoke', line: 1, atMs: second * 1000, agent: 'main', textHash },
      ];
      guard.observe(tell({ atMs: second * 1000, events }), second * 1000);
      return guard.signals(second * 1000)['progress.age'];
    };
    expect([ageAfter(10, 1), ageAfter(20, 1), ageAfter(30, 1), ageAfter(40, 2)]).to.deep.equal([0, 10, 20, 0]);
  });

  it('takes ended children for progress of a silent build, and not of a loop that keeps starting them', () => {
    const [silent, looper] = [new ProgressGuard(), new ProgressGuard()];
    const tell = createTeller();
    for (let second = 0; second <= 20; second++) {
      const progress = [mark(second * 1000, `pid ${second}`, 'child-exit')];
      silent.observe(tell({ atMs: second * 1000, progress }), second * 1000);
      looper.observe(tell({ atMs: second * 1000, progress, lines: ['child failed', 'child failed'] }), second * 1000);
    }
    expect(silent.signals(20_000)['progress.age']).to.equal(0);
    expect(looper.signals(20_000)['progress.age']).to.be.at.least(14);
  });

  it('believes an agent by its results, not by the lines of its stream', () => {
    const guard = new ProgressGuard();
    const tell = createTeller();
    const events = (second: number, resultHash: number): readonly AgentEvent[] => [
      {
        kind: 'tool-called',
        atMs: second * 1000,
        line: 1,
        agent: 'main',
        callId: `c${second}`,
        round: null,
        tool: 'Bash',
        callHash: 7,
        mutates: false,
        waits: false,
        sample: '',
      },
      {
        kind: 'tool-returned',
        atMs: second * 1000,
        line: 1,
        agent: 'main',
        callId: `c${second}`,
        ok: true,
        resultHash,
        errorHash: null,
        isAbsence: false,
        isEmpty: false,
        sample: '',
      },
    ];
    const at = (second: number, resultHash: number) => {
      guard.observe(
        tell({ atMs: second * 1000, lines: [`{"n":${second}}`], events: events(second, resultHash) }),
        second * 1000,
      );
      return guard.signals(second * 1000)['progress.age'];
    };
    expect([at(1, 1), at(2, 2), at(9, 2), at(30, 2), at(31, 3)]).to.deep.equal([0, 0, 7, 28, 0]);
  });

  it('says what it looked for and for how long it saw none of it', () => {
    const evidence = new ProgressGuard().evidence(50_000, 12_000);
    expect(evidence).to.include({ summary: 'nothing moved forward for 12.0 s', firstAtMs: 38_000 });
    expect(evidence.progressLookedFor.length).to.be.above(3);
  });

  it('remembers when progress was last seen while its windows are read again', () => {
    const guard = new ProgressGuard();
    const tell = createTeller();
    guard.observe(tell({ atMs: 10_000, lines: ['first'] }), 10_000);
    guard.forgetWindows();
    expect(guard.signals(25_000)['progress.age']).to.equal(15);
  });
});
