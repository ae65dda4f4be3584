import { expect } from 'chai';
import { createDetection } from '#detection/detection-actor';
import type { Detector } from '#detection/detector';
import type { AgentDetector, ResourceObservation } from '#detection/detector-factories';
import { hashOf } from '#policy/compile-policy';
import { parseJobId, parseJobKey } from '#protocol/ids';
import type { Finding } from '#protocol/judgement';
import type { Assessment, LiveFrame, PolicyText, RecordingBatch, WatchedRun } from '#protocol/messages';
import { type HostFigures, type LineBatch, type LineMatches, lineFlag } from '#protocol/observations';
import type { SignalVector } from '#protocol/signals';
import { nothingSpent } from '#protocol/spending';
import { createManualClock } from '#runtime/clock';
import { createTeller, runId } from './told-observations.ts';

const host: HostFigures = { cpuPct: 10, load1: 1, memTotalBytes: 16e9, memAvailableBytes: 8e9, diskFreeBytes: 1e11 };

const policyOf = (rules: string): PolicyText => {
  const text = `apiVersion: flowforge/v1\nkind: Policy\nmetadata: { name: p }\nrules:\n${rules.replaceAll(/^/gm, '  ')}\n`;
  const files = [{ path: 'p.yaml', text }];
  return { name: 'p', hash: hashOf(files), files, patterns: [] };
};
const looping = policyOf(
  '- id: loop\n  when: cpu.pct > limit.cpu_pct && output.period > 0 && output.repeat_lines >= limit.log_window\n  unless: progress.age < 8*s\n  for: 8s\n  warmup: 2s\n  severity: critical\n  summary: "the same {{output.repeat_lines}} times"\n  action: [{ do: alert }, { do: stop, after: 4s }]',
);

const run = (policy: PolicyText, more: Partial<WatchedRun> = {}): WatchedRun => ({
  runId,
  jobId: parseJobId('01HF7YAT00ABCDEFGHJKMNPQRT'),
  jobKey: parseJobKey('0123456789abcdef0123456789abcdef'),
  name: 'looper',
  labels: {},
  cwd: '/tmp',
  runDir: '/tmp/run',
  identity: { bootId: 'b', pid: 1, startTicks: 1 },
  containment: { level: 'process-group', tag: 1 },
  startedAtMs: 0,
  pausedMs: 0,
  limits: {
    maxCpuPct: 60,
    maxMemBytes: null,
    timeoutMs: null,
    graceMs: 5000,
    pollIntervalMs: 1000,
    logWindowLines: 10,
  },
  policy,
  rollout: null,
  noKill: false,
  keepOrphans: false,
  model: null,
  restarts: 0,
  adopted: false,
  ...more,
});

/** The simplest detector of repetition: how often did the last line come in a row? */
const createLineDetectors = (): Detector<LineBatch> => {
  let [last, times] = [0, 0];
  return {
    id: 'same-line',
    observe: (batch) => {
      for (const [index, shape] of batch.l1.entries()) {
        if (((batch.flags[index] ?? 0) & lineFlag.blank) !== 0) continue;
        times = shape === last ? times + 1 : 1;
        last = shape;
      }
    },
    findings: (nowMs): Finding[] =>
      times < 10
        ? []
        : [
            {
              detector: 'same-line',
              level: 'warn',
              atLine: 10,
              atMs: nowMs,
              count: times,
              period: 1,
              hard: false,
              evidence: {
                summary: `one line, ${times} times`,
                samples: [],
                unit: 'line',
                period: 1,
                count: times,
                firstAtMs: 0,
                lastAtMs: nowMs,
                masked: [],
                progressLookedFor: [],
              },
            },
          ],
    signals: () =>
      times < 2
        ? { 'output.period': 0, 'output.repeat_lines': 0 }
        : { 'output.period': 1, 'output.repeat_lines': times },
    stateBytes: () => 16,
  };
};
const createAgentDetectors = (): AgentDetector => ({
  id: 'none',
  takeUp: () => undefined,
  observe: () => undefined,
  findings: () => [],
  signals: () => ({}),
  stateBytes: () => 0,
});
const createResourceDetectors = (): Detector<ResourceObservation> => {
  let signals: SignalVector = {};
  return {
    id: 'cpu',
    observe: ({ observation }) => {
      signals = { 'cpu.pct': observation.process?.cpuPct ?? 0, 'mem.rss': observation.process?.rssBytes ?? 0 };
    },
    findings: () => [],
    signals: () => signals,
    stateBytes: () => 8,
  };
};

const startDetection = () => {
  const clock = createManualClock(0);
  const assessments: Assessment[] = [];
  const frames: LiveFrame[] = [];
  const recordings: RecordingBatch[] = [];
  const detection = createDetection({
    clock,
    spent: nothingSpent,
    createLineDetectors,
    createAgentDetectors,
    createResourceDetectors,
    outlets: {
      assessments: { send: async (some) => void assessments.push(...some) },
      live: { send: async (frame) => void frames.push(frame) },
      recordings: { send: async (batch) => void recordings.push(batch) },
      previews: { send: async () => undefined },
      spending: { send: async () => undefined },
    },
  });
  const tell = createTeller();
  /** One more second of a job that prints ten lines and burns a core. */
  const second = async (
    lines: readonly string[] = Array(10).fill('request 4242 failed, trying again'),
    more: { refill?: boolean; matches?: readonly LineMatches[] } = {},
  ): Promise<void> => {
    await detection.observe({
      atMs: clock.now(),
      monoMs: clock.mono() + 5e6,
      host,
      runs: [tell({ atMs: clock.now(), lines, cpuPct: 99, ...more })],
    });
    clock.advance(1000);
  };
  const seconds = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) await second();
  };
  const changes = (): string[] =>
    assessments
      .filter((one, index) => one.state !== assessments[index - 1]?.state)
      .map((one) => `${one.atMs / 1000}s ${one.state}`);
  return { clock, detection, assessments, frames, recordings, second, seconds, changes };
};

describe('the detection actor', () => {
  it('finds a looper after progress has stayed away and the dwell has passed, and says so each tick from then on', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(looping) });
    await story.seconds(20);
    expect(story.changes()).to.deep.equal(['8s pending', '16s firing']);
    expect(story.assessments.filter((one) => one.state === 'firing')).to.have.length(4);
    const firing = story.assessments.at(-1);
    expect(firing).to.include({
      rule: 'loop',
      severity: 'critical',
      sinceMs: 16_000,
      dwellMs: 8000,
      graceMs: 5000,
      isLimit: false,
    });
    expect(firing?.numbers).to.include({
      'cpu.pct': 99,
      'limit.cpu_pct': 60,
      'output.repeat_lines': 200,
      'progress.age': 19,
    });
    expect(firing?.ladder.map((step) => step.verb)).to.deep.equal(['alert', 'stop']);
  });

  it('gives the evidence of what repeated, and of what was looked for and not seen', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(looping) });
    await story.seconds(18);
    const [repeated, progress, ...rest] = story.assessments.at(-1)?.evidence ?? [];
    expect(repeated?.summary).to.equal('one line, 180 times');
    expect(progress?.summary).to.equal('nothing moved forward for 17.0 s');
    expect(progress?.progressLookedFor).to.include('a file changed under the working directory');
    expect(rest).to.deep.equal([]);
  });

  it('leaves a job alone whose numbers advance', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(looping) });
    for (let step = 0; step < 40; step++) await story.second([`epoch ${step}`, `loss 0.${1000 - step}`]);
    expect(story.assessments).to.deep.equal([]);
    expect(story.frames.at(-1)?.rows[0]?.signals['progress.age']).to.equal(0);
  });

  it('sends one frame and one recording each tick, with the vector that was judged', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(looping, { restarts: 2 }) });
    await story.seconds(3);
    expect([story.frames.length, story.recordings.length]).to.deep.equal([3, 3]);
    const row = story.frames.at(-1)?.rows[0];
    expect(row).to.deep.include({ runId, lastLine: 'request 4242 failed, trying again', findings: row?.findings });
    expect(row?.signals).to.include({ 'run.age': 2, 'run.restarts': 2, 'output.lines': 20, 'limit.log_window': 10 });
    expect(story.recordings.at(-1)?.rows[0]).to.deep.equal({
      ...{ runId, policyHash: looping.hash, signals: row?.signals },
      ...{ isFirst: false, acknowledged: [], extraUsd: {}, extraTokens: {}, decisive: [] },
    });
    expect(story.recordings[0]?.rows[0]?.isFirst).to.equal(true);
  });

  it('lets no time pass while a run is paused: not for the dwell, not for progress, not for the wall clock', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(looping) });
    await story.seconds(12);
    story.detection.change({ kind: 'paused', runId, atMs: story.clock.now() });
    await story.second([]);
    story.clock.advance(600_000);
    await story.second([]);
    story.detection.change({ kind: 'resumed', runId, atMs: story.clock.now() });
    expect(story.changes()).to.deep.equal(['8s pending']);
    await story.seconds(1);
    expect(story.frames.at(-1)?.rows[0]?.signals).to.include({ 'run.age': 12, 'progress.age': 12 });
    await story.seconds(5);
    expect(story.changes().at(-1)).to.equal('618s firing');
  });

  it('does not hold a pause against a run that was paused before anybody looked, nor while it goes on', async () => {
    const story = startDetection();
    const limits = { ...run(looping).limits, timeoutMs: 10_000 };
    story.clock.advance(600_000);
    story.detection.change({ kind: 'watch', run: run(looping, { limits, pausedMs: 595_000, adopted: true }) });
    story.detection.change({ kind: 'paused', runId, atMs: story.clock.now() });
    story.clock.advance(3_600_000);
    await story.second([]);
    const ages = (): unknown => story.frames.at(-1)?.rows[0]?.signals['run.age'];
    expect(ages()).to.equal(5);
    story.detection.change({ kind: 'resumed', runId, atMs: story.clock.now() });
    await story.seconds(3);
    expect(story.assessments.filter(({ isLimit }) => isLimit)).to.deep.equal([]);
    await story.seconds(4);
    expect(story.assessments.at(-1)).to.include({ rule: 'limit.wall_clock', isLimit: true });
    expect(story.recordings.at(-1)?.rows[0]?.signals['run.age'], 'what a replay takes its time from').to.equal(ages());
  });

  it('holds a run to its own limits, also when its policy has none', async () => {
    const story = startDetection();
    const limits = { ...run(looping).limits, maxMemBytes: 5e7, timeoutMs: 3000 };
    story.detection.change({ kind: 'watch', run: run(looping, { limits }) });
    await story.seconds(1);
    expect(story.assessments.map(({ rule, isLimit, graceMs }) => [rule, isLimit, graceMs])).to.deep.equal([
      ['limit.mem.rss', true, 0],
    ]);
    await story.seconds(3);
    expect(story.assessments.at(-1)).to.include({
      rule: 'limit.wall_clock',
      atMs: 3000,
      summary: 'it has run for 3s, the limit is 3s',
    });
  });

  it('rebuilds its windows on a refill, reports nothing meanwhile, and keeps its timers', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(looping) });
    await story.seconds(12);
    await story.second(Array(30).fill('request 4242 failed, trying again'), { refill: true });
    expect(story.frames.at(-1)?.rows).to.deep.equal([]);
    await story.seconds(4);
    expect(story.changes()).to.deep.equal(['8s pending', '16s firing']);
    expect(story.frames.at(-1)?.rows[0]?.signals['output.repeat_lines']).to.equal(70);
  });

  const losses = (count: number): PolicyText =>
    policyOf(
      `- id: lost\n  summary: "{{log.count}} lost"\n  detect: { log_match: { pattern: nan, count: ${count}, within: 10s } }\n  action: stop`,
    );
  const nan = (atMs: number, count: number): readonly LineMatches[] => [
    { pattern: 'nan', times: [{ atMs, count }], sample: `loss: nan at ${atMs}` },
  ];

  it('counts lines within their time, fires with the last of them, and clears when they stay away', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(losses(5)) });
    await story.second([], { matches: nan(0, 2) });
    await story.second([], { matches: nan(1000, 2) });
    expect(story.assessments).to.deep.equal([]);
    await story.second([], { matches: nan(2000, 1) });
    expect(story.assessments.at(-1)).to.deep.include({ rule: 'lost', state: 'firing', summary: '5 lost' });
    expect(story.assessments.at(-1)?.evidence).to.have.length(1);
    expect(story.assessments.at(-1)?.evidence[0]).to.deep.include({
      summary: '5 lines like nan within 10s',
      samples: ['loss: nan at 2000'],
      count: 5,
      firstAtMs: 0,
      lastAtMs: 2000,
    });
    for (let second = 0; second < 8; second++) await story.second([]);
    expect(story.assessments.at(-1)).to.include({ rule: 'lost', state: 'inactive', atMs: 10_000 });
  });

  it('does not count twice what a refill tells again', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(losses(5)) });
    await story.second([], { matches: nan(0, 4) });
    await story.second([], { matches: nan(0, 4), refill: true });
    await story.second([]);
    expect(story.assessments).to.deep.equal([]);
    await story.second([], { matches: nan(3000, 1) });
    expect(story.assessments.at(-1)).to.include({ rule: 'lost', state: 'firing' });
  });

  it('keeps counting when the policy is exchanged, and takes counts that come before the policy does', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(looping) });
    await story.second([], { matches: nan(0, 2) });
    story.detection.change({ kind: 'policy-changed', runIds: [runId], policy: losses(9) });
    await story.second([], { matches: nan(1000, 2) });
    expect(story.assessments).to.deep.equal([]);
    story.detection.change({ kind: 'policy-changed', runIds: [runId], policy: losses(4) });
    await story.second([]);
    expect(story.assessments.at(-1)).to.include({ rule: 'lost', state: 'firing', summary: '4 lost' });
  });

  it('judges by the new policy from the next tick on', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(looping) });
    await story.seconds(17);
    const calm = policyOf('- { id: loop, when: cpu.pct > 500 }');
    story.detection.change({ kind: 'policy-changed', runIds: [runId], policy: calm });
    await story.seconds(1);
    expect(story.assessments.at(-1)).to.include({
      state: 'inactive',
      policyHash: calm.hash,
      why: 'its condition no longer holds (cpu.pct 99 %)',
    });
    story.detection.change({
      kind: 'policy-changed',
      runIds: [runId],
      policy: policyOf('- { id: broken, when: cpu.pctt > 5 }'),
    });
    await story.seconds(1);
    expect(story.recordings.at(-1)?.rows[0]?.policyHash).to.equal(calm.hash);
  });

  it('guards a run whose policy it cannot use by its limits, and says so', async () => {
    const story = startDetection();
    story.detection.change({ kind: 'watch', run: run(policyOf('- { id: broken, when: cpu.pctt > 5 }')) });
    await story.seconds(1);
    expect(story.assessments[0]).to.include({ rule: 'policy-refused', state: 'firing', severity: 'critical' });
    expect(story.assessments[0]?.summary).to.include('p.yaml:5:25: unknown signal "cpu.pctt"');
  });

  it('forgets a run that is over, and never minds observations of one it does not know', async () => {
    const story = startDetection();
    await story.seconds(1);
    story.detection.change({ kind: 'watch', run: run(looping) });
    story.detection.change({ kind: 'unwatch', runId });
    await story.seconds(20);
    expect(story.assessments).to.deep.equal([]);
    expect(story.recordings).to.deep.equal([]);
  });
});
