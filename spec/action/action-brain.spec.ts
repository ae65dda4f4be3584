import { expect } from 'chai';
import { decideAction } from '#action/action-brain';
import { type ActionState, evolveAction, noRuns } from '#action/action-state';
import type { ActionThought } from '#action/action-thought';
import type { FactBody } from '#protocol/facts';
import { parseJobId, parseJobKey, parseRunId } from '#protocol/ids';
import type { Rollout } from '#protocol/judgement';
import type { Assessment } from '#protocol/messages';

const runId = parseRunId('01HZZZZZZZZZZZZZZZZZZZZZZZ');
const id = (n: number): string => `01HYYYYYYYYYYYYYYYYYYYYY${String(n).padStart(2, '0')}`;
const enforce: Rollout = { mode: 'enforce', percent: 100, salt: 's' };

const requested = (over: { noKill?: boolean } = {}): FactBody => ({
  kind: 'run-requested',
  runId,
  jobId: parseJobId(id(1)),
  jobKey: parseJobKey('0'.repeat(32)),
  generation: 1,
  face: { name: 'looper', argv: ['looper'], cwd: '/', labels: {} },
  profile: 'standard',
  limits: { maxCpuPct: 60, maxMemBytes: null, timeoutMs: null, graceMs: 1000, pollIntervalMs: 500, logWindowLines: 10 },
  policyName: 'standard',
  rollout: null,
  noKill: over.noKill ?? false,
  restart: { mode: 'no', max: 0 },
  containment: 'cgroup2',
  by: 'cli',
});

const seen = (over: Partial<Assessment> = {}): Assessment => ({
  runId,
  rule: 'cpu-and-repeating',
  policyHash: 'h',
  state: 'firing',
  severity: 'critical',
  summary: 'it repeats itself',
  sinceMs: 1_000,
  atMs: 1_000,
  dwellMs: 8_000,
  ladder: [
    { verb: 'alert', afterMs: 0, onlyIf: null, message: null, resumeAfterMs: null },
    { verb: 'stop', afterMs: 4_000, onlyIf: null, message: null, resumeAfterMs: null },
  ],
  heldBack: [],
  rollout: enforce,
  isLimit: false,
  graceMs: 1_000,
  evidence: [],
  numbers: { 'cpu.pct': 99 },
  why: '',
  ...over,
});

/** Tells a brain a story: what it believes, what it hears, what it says. */
const tell = (...history: FactBody[]) => {
  let state: ActionState = history.reduce(evolveAction, noRuns);
  let n = 10;
  const hear = (thought: Omit<Extract<ActionThought, { kind: 'assessed' }>, 'newId'> | ActionThought): FactBody[] => {
    n += 1;
    const facts = decideAction(state, { ...thought, newId: id(n) } as ActionThought).map((report) => report.body);
    state = facts.reduce(evolveAction, state);
    return facts;
  };
  const assess = (assessment: Assessment, atMs: number): FactBody[] =>
    hear({ kind: 'assessed', assessment: { ...assessment, atMs }, atMs });
  return { assess, hear };
};
const kinds = (facts: readonly FactBody[]): string[] => facts.map((fact) => fact.kind);
const stopEnded = { kind: 'stop-ended', runId, killed: 3, tookMs: 40, survivors: [], atMs: 6_000, newId: '' } as const;
const stopWish = {
  kind: 'stop-requested',
  runId,
  incidentId: null,
  cause: 'user',
  by: 'cli',
  reason: 'enough',
  restartAfter: false,
  graceMs: 10,
  processes: 1,
  atMs: 1,
  newId: '',
} as const;

describe('the action brain', () => {
  it('alerts when a rule fires and decides to stop when the next step is due, once each', () => {
    const story = tell(requested());
    expect(kinds(story.assess(seen(), 1_000))).to.deep.equal(['incident-opened', 'decision-made']);
    expect(story.assess(seen(), 4_000)).to.deep.equal([]);
    const [decision] = story.assess(seen(), 5_000);
    expect(decision).to.include({ kind: 'decision-made', wouldDo: 'stop', does: 'stop', enforced: true, step: 1 });
    expect(story.assess(seen(), 5_500)).to.deep.equal([]);
  });

  it('records in shadow what it would have done, and does nothing', () => {
    const story = tell(requested());
    const inShadow = seen({ rollout: { mode: 'shadow', percent: 0, salt: 's' } });
    story.assess(inShadow, 1_000);
    const [decision] = story.assess(inShadow, 5_000);
    expect(decision).to.include({
      kind: 'decision-made',
      wouldDo: 'stop',
      does: 'continue',
      enforced: false,
      mode: 'shadow',
    });
  });

  it('lets --no-kill hold back even a limit', () => {
    const story = tell(requested({ noKill: true }));
    const limit = seen({
      isLimit: true,
      ladder: [{ verb: 'stop', afterMs: 0, onlyIf: null, message: null, resumeAfterMs: null }],
    });
    const decision = story.assess(limit, 1_000).at(-1);
    expect(decision).to.include({ kind: 'decision-made', does: 'continue', enforced: false });
  });

  it('closes the incident when the rule clears, and opens another when it fires again', () => {
    const story = tell(requested());
    story.assess(seen(), 1_000);
    expect(kinds(story.assess(seen({ state: 'inactive', why: 'a file changed' }), 2_000))).to.deep.equal([
      'rule-cleared',
      'incident-closed',
    ]);
    expect(kinds(story.assess(seen({ sinceMs: 9_000 }), 9_000))).to.deep.equal(['incident-opened', 'decision-made']);
  });

  it('says that a rule is pending once', () => {
    const story = tell(requested());
    expect(kinds(story.assess(seen({ state: 'pending' }), 100))).to.deep.equal(['rule-pending']);
    expect(story.assess(seen({ state: 'pending' }), 600)).to.deep.equal([]);
  });

  it('makes an averted step due again', () => {
    const story = tell(requested());
    story.assess(seen(), 1_000);
    story.assess(seen(), 5_000);
    expect(
      kinds(
        story.hear({
          kind: 'owed-step-averted',
          runId,
          rule: 'cpu-and-repeating',
          why: 'it moved',
          atMs: 5_001,
          newId: '',
        }),
      ),
    ).to.deep.equal(['action-averted']);
    expect(kinds(story.assess(seen(), 6_000))).to.deep.equal(['decision-made']);
  });

  it('begins one stop, whoever asks again, and says killed only after the tree was verified empty', () => {
    const story = tell(requested());
    expect(kinds(story.hear(stopWish))).to.deep.equal(['stop-began']);
    expect(story.hear(stopWish)).to.deep.equal([]);
    expect(kinds(story.hear(stopEnded))).to.deep.equal(['stop-verified']);
    expect(story.hear(stopEnded)).to.deep.equal([]);
  });

  it('names survivors and never says killed of them', () => {
    const story = tell(requested());
    story.hear(stopWish);
    const facts = story.hear({ ...stopEnded, survivors: [{ pid: 7, command: 'sudo x' }] });
    expect(kinds(facts)).to.deep.equal(['kill-incomplete']);
  });

  it('ignores verdicts on a run that is being stopped or is over', () => {
    const story = tell(requested());
    story.hear(stopWish);
    expect(story.assess(seen(), 1_000)).to.deep.equal([]);
    const over = tell(requested(), { kind: 'run-exited', runId, code: 0, signal: null, endedAtMs: 1 });
    expect(over.assess(seen(), 1_000)).to.deep.equal([]);
  });

  it('ends what a finished run left behind, spares it where asked, and says so when nothing is left', () => {
    const over: FactBody = { kind: 'run-exited', runId, code: 1, signal: null, endedAtMs: 1 };
    const look = { kind: 'tree-looked-at', runId, atMs: 1, newId: '' } as const;
    expect(kinds(tell(requested(), over).hear({ ...look, processes: 2, spare: false }))).to.deep.equal(['stop-began']);
    expect(kinds(tell(requested(), over).hear({ ...look, processes: 2, spare: true }))).to.deep.equal([
      'orphans-spared',
    ]);
    expect(kinds(tell(requested(), over).hear({ ...look, processes: 0, spare: false }))).to.deep.equal(['tree-empty']);
  });

  it('keeps what it knows of a run when its beginning is told again', () => {
    const story = tell(requested(), ...tell(requested()).assess(seen(), 1_000), requested());
    expect(story.assess(seen(), 1_500)).to.deep.equal([]);
  });
});
