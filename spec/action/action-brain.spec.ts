import { expect } from 'chai';
import { decideAction } from '#action/action-brain';
import { type ActionState, evolveAction, noRuns } from '#action/action-state';
import type { ActionThought } from '#action/action-thought';
import type { FactBody } from '#protocol/facts';
import { parseIncidentId, parseInterventionId, parseRunId } from '#protocol/ids';
import type { LadderStep, Rollout, Verb } from '#protocol/judgement';
import type { Assessment } from '#protocol/messages';
import { requested as requestedRun } from './told-runs.ts';

const runId = parseRunId('01HZZZZZZZZZZZZZZZZZZZZZZZ');
const id = (n: number): string => `01HYYYYYYYYYYYYYYYYYYYYY${String(n).padStart(2, '0')}`;
const enforce: Rollout = { mode: 'enforce', percent: 100, salt: 's' };

const requested = (over: { noKill?: boolean } = {}): FactBody => requestedRun(runId, over);

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
  condition: 'c',
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
const omitClimbed = ({ climbed: _, ...fact }: Extract<FactBody, { kind: 'decision-made' }>): FactBody => fact;
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
  judgedToMs: null,
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

  describe('whose policy changes while a rule fires', () => {
    const step = (verb: Verb, afterMs = 0): LadderStep => ({
      ...{ verb, afterMs },
      ...{ onlyIf: null, message: null, resumeAfterMs: null },
    });
    const decided = (facts: readonly FactBody[]): string[] =>
      facts.flatMap((fact) => (fact.kind === 'decision-made' ? [`${fact.step} ${fact.wouldDo} ${fact.does}`] : []));

    it('pauses where the rule only alerted, and once', () => {
      const story = tell(requested());
      story.assess(seen({ ladder: [step('alert')] }), 1_000);
      const stricter = seen({ ladder: [step('pause')], policyHash: 'h2' });
      expect(decided(story.assess(stricter, 1_500))).to.deep.equal(['0 pause pause']);
      expect(story.assess(stricter, 2_000)).to.deep.equal([]);
    });

    it('acts once what was only recorded in shadow is enforced, without a second alert', () => {
      const ladder = [step('alert'), step('pause', 500)];
      const story = tell(requested());
      const shadow = seen({ ladder, rollout: { mode: 'shadow', percent: 0, salt: 's' } });
      expect(decided(story.assess(shadow, 1_000))).to.deep.equal(['0 alert alert']);
      expect(decided(story.assess(shadow, 1_500))).to.deep.equal(['1 pause continue']);
      expect(decided(story.assess(seen({ ladder }), 2_000))).to.deep.equal(['1 pause pause']);
      expect(story.assess(seen({ ladder }), 2_500)).to.deep.equal([]);
    });

    it('repeats nothing where the ladder is the same, or has only grown', () => {
      const story = tell(requested());
      story.assess(seen({ ladder: [step('alert')] }), 1_000);
      expect(story.assess(seen({ ladder: [step('alert')], policyHash: 'h2' }), 1_500)).to.deep.equal([]);
      const grown = seen({ ladder: [step('alert'), step('stop', 4_000)], policyHash: 'h3' });
      expect(story.assess(grown, 2_000)).to.deep.equal([]);
      expect(decided(story.assess(grown, 5_000))).to.deep.equal(['1 stop stop']);
    });

    it('judges all steps anew under another condition', () => {
      const story = tell(requested());
      story.assess(seen({ ladder: [step('alert')] }), 1_000);
      const anew = story.assess(seen({ ladder: [step('alert')], condition: 'd', sinceMs: 1_500 }), 1_500);
      expect(decided(anew)).to.deep.equal(['0 alert alert']);
    });

    it('repeats nothing that an earlier version decided, which did not say how far it had come', () => {
      const facts = tell(requested()).assess(seen(), 1_000);
      const old = facts.map((fact) => (fact.kind === 'decision-made' ? omitClimbed(fact) : fact));
      const story = tell(requested(), ...old);
      expect(story.assess(seen({ ladder: [step('pause')] }), 1_500)).to.deep.equal([]);
    });
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
    story.hear(stopEnded);
    expect(story.assess(seen(), 1_000), 'its tree is empty, its exit not told yet').to.deep.equal([]);
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

  it('tells nothing of a pause that a stop overtook, and begins none while it stops', () => {
    const story = tell(requested());
    const wish = {
      kind: 'pause-requested',
      runId,
      by: 'cli',
      reason: '',
      resumeAtMs: null,
      atMs: 1,
      newId: id(3),
    } as const;
    const [began] = story.hear(wish);
    expect(began).to.include({ kind: 'pause-began', by: 'cli' });
    expect(story.hear(wish)).to.deep.equal([]);
    story.hear(stopWish);
    const interventionId = parseInterventionId(began?.kind === 'pause-began' ? began.interventionId : '');
    expect(
      story.hear({ kind: 'tree-paused', runId, interventionId, processes: 2, moving: [], atMs: 2, newId: '' }),
    ).to.deep.equal([]);
    expect(story.hear(wish)).to.deep.equal([]);
  });

  it('goes on to the next step when a restart is refused, and does not ask for the restart again', () => {
    const story = tell(requested());
    const step = { onlyIf: null, message: null, resumeAfterMs: null };
    const ladder = [
      { verb: 'restart', afterMs: 0, ...step },
      { verb: 'stop', afterMs: 9_000, ...step },
    ] as const;
    expect(story.assess(seen({ ladder }), 1_000).at(-1)).to.include({ does: 'restart', enforced: true });
    const check = { kind: 'restart-checked', runId, rule: 'cpu-and-repeating', atMs: 1_001, newId: '' } as const;
    expect(story.hear({ ...check, whyNot: null })).to.deep.equal([]);
    expect(story.hear({ ...check, whyNot: 'it is gone' })).to.deep.include.members([
      {
        ...{ kind: 'restart-refused', incidentId: parseIncidentId(id(11)), runId },
        ...{ rule: 'cpu-and-repeating', step: 0, why: 'it is gone' },
      },
    ]);
    expect(story.hear({ ...check, whyNot: 'it is gone' })).to.deep.equal([]);
    expect(story.assess(seen({ ladder }), 2_000)).to.deep.equal([]);
    expect(story.assess(seen({ ladder }), 10_000)[0]).to.include({ does: 'stop', step: 1 });
  });

  it('keeps what it knows of a run when its beginning is told again', () => {
    const story = tell(requested(), ...tell(requested()).assess(seen(), 1_000), requested());
    expect(story.assess(seen(), 1_500)).to.deep.equal([]);
  });
});
