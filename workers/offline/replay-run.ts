import type { CompiledPolicy } from '#policy/compiled-policy';
import { decideLadder, type LadderDecision, type LadderDone, nothingDone } from '#policy/decide-ladder';
import { evaluateRules } from '#policy/evaluate-rules';
import { extendBudgets } from '#policy/extend-budgets';
import type { RuleStates } from '#policy/rule-state';
import type { Fact } from '#protocol/facts';
import type { JobKey } from '#protocol/ids';
import { isDestructive, type Rollout } from '#protocol/judgement';
import type { RecordingRow } from '#protocol/messages';
import type { SignalVector } from '#protocol/signals';

/** What of a run stays the same from its first tick to its last. */
export interface ReplayedRun {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly jobKey: JobKey;
  readonly rollout: Rollout | null;
  readonly noKill: boolean;
  readonly graceMs: number;
}

export type ReplayRow = Omit<RecordingRow, 'runId'> & { readonly atMs: number };

export interface ReplayedDecision extends LadderDecision {
  readonly atMs: number;
  readonly rule: string;
  readonly policyHash: string;
  readonly summary: string;
  readonly numbers: SignalVector;
}

/** What happened to the run besides its ticks and bears on its ladders. */
export type Interruption =
  /** From then on nothing was decided, and nothing at ticks that action had not heard of by then; null where nobody knows. */
  | { readonly kind: 'stop-began'; readonly atMs: number; readonly decidedToMs: number | null }
  /** Some of it was left alive, and all begins anew. */
  | { readonly kind: 'stop-failed'; readonly atMs: number }
  | {
      readonly kind: 'action-averted';
      readonly atMs: number;
      readonly rule: string;
      readonly step: number;
      /** Which decision of its rule was averted, from 0. */
      readonly decision: number;
      /** What the next decision of the rule rested on; null where none followed. */
      readonly nextNumbers: SignalVector | null;
    };

/** For a policy that did not judge then: what action had heard of, and what it averted, was another's. */
export const underAnother = (interruptions: readonly Interruption[]): readonly Interruption[] =>
  interruptions.flatMap((one): readonly Interruption[] =>
    one.kind === 'action-averted' ? [] : one.kind === 'stop-began' ? [{ ...one, decidedToMs: null }] : [one],
  );

type Averted = Extract<Interruption, { kind: 'action-averted' }>;

export interface Replay {
  /** Takes the next tick. False: nothing that follows could have been decided. */
  tick(row: ReplayRow): boolean;
  readonly decisions: readonly ReplayedDecision[];
}

export interface ReplayOptions {
  readonly run: ReplayedRun;
  readonly policyFor: (row: ReplayRow) => CompiledPolicy;
  /** In order of time; none for a policy that never ran. */
  readonly interruptions: readonly Interruption[];
  /** Ends at the first thing that would have changed the life of the job: beyond it the record tells of another run. */
  readonly until: 'end' | 'first-act';
}

/** Judges a recorded run again, tick by tick, with the evaluator and the ladder of the real thing. */
export const replayRun = ({ run, policyFor, interruptions, until }: ReplayOptions): Replay => {
  const decisions: ReplayedDecision[] = [];
  const done = new Map<string, LadderDone>();
  const acknowledged = new Map<string, ReadonlySet<string>>();
  let states: RuleStates = new Map();
  const stops = interruptions.filter(({ kind }) => kind === 'stop-began' || kind === 'stop-failed');
  const isUnheard = ({ atMs }: ReplayRow): boolean =>
    stops.some(
      (stop) => stop.kind === 'stop-began' && stop.decidedToMs !== null && stop.decidedToMs < atMs && atMs < stop.atMs,
    );
  const decided = new Map<string, number>();
  const waiting = new Map<string, Averted>();

  /**
   * What was averted is decided anew at the next tick that action looks at. It may look late, at ticks that lie behind it:
   * of those between, it was the one whose numbers the next decision names.
   */
  const takeBackAverted = (seen: { readonly rule: string; readonly numbers: SignalVector }, atMs: number): void => {
    const averted = waiting.get(seen.rule);
    if (averted === undefined) return;
    if (atMs < averted.atMs && JSON.stringify(seen.numbers) !== JSON.stringify(averted.nextNumbers)) return;
    waiting.delete(seen.rule);
    done.set(seen.rule, { ...(done.get(seen.rule) ?? nothingDone), steps: averted.step });
  };
  const noteDecision = (rule: string): void => {
    const index = decided.get(rule) ?? 0;
    decided.set(rule, index + 1);
    const averted = interruptions.find(
      (one): one is Averted => one.kind === 'action-averted' && one.rule === rule && one.decision === index,
    );
    if (averted !== undefined) waiting.set(rule, averted);
  };
  const judge = (row: ReplayRow): ReturnType<typeof evaluateRules>['assessments'] => {
    if (row.isFirst) states = new Map();
    const seen = acknowledged.get(row.acknowledged.join()) ?? new Set(row.acknowledged);
    acknowledged.set(row.acknowledged.join(), seen);
    const ageMs = Math.round(Number(row.signals['run.age']) * 1000);
    const state = row.signals['agent.state'];
    const evaluated = evaluateRules(policyFor(row), states, {
      vector: row.signals,
      atMs: row.atMs,
      monoMs: ageMs,
      startedAtMs: row.atMs - ageMs,
      job: { name: run.name, labels: run.labels, kind: state === undefined || state === 'none' ? 'script' : 'agent' },
      rollout: run.rollout,
      graceMs: run.graceMs,
      acknowledged: seen,
    });
    states = evaluated.states;
    return evaluated.assessments;
  };

  return {
    decisions,
    tick: (row) => {
      const stop = stops.findLast(({ atMs }) => atMs <= row.atMs);
      if (stop?.kind === 'stop-began') {
        if (stop === stops.at(-1)) return false;
        done.clear();
        waiting.clear();
        judge(row);
        return true;
      }
      const assessments = judge(row);
      if (isUnheard(row)) return true;
      let goesOn = true;
      for (const seen of assessments) {
        if (seen.state === 'inactive') {
          done.delete(seen.rule);
          waiting.delete(seen.rule);
        }
        if (seen.state !== 'firing') continue;
        takeBackAverted(seen, row.atMs);
        const decision = decideLadder(run, seen, done.get(seen.rule) ?? nothingDone);
        if (decision === null) continue;
        done.set(seen.rule, { steps: decision.step + 1, climbed: decision.climbed });
        const { rule, policyHash, summary, numbers } = seen;
        noteDecision(seen.rule);
        decisions.push({ ...decision, atMs: row.atMs, rule, policyHash, summary, numbers });
        if (until === 'first-act' && decision.enforced && isDestructive(decision.does)) goesOn = false;
      }
      return goesOn;
    },
  };
};

/** A policy with what was added to its budgets by then. */
export const policyOfRow = (policy: CompiledPolicy, { extraUsd, extraTokens }: ReplayRow): CompiledPolicy => {
  const ids = Object.keys({ ...extraUsd, ...extraTokens });
  if (ids.length === 0) return policy;
  return extendBudgets(
    policy,
    new Map(ids.map((id) => [id, { usd: extraUsd[id] ?? 0, tokens: extraTokens[id] ?? 0 }])),
  );
};

export const interruptionsIn = (facts: readonly Fact[]): readonly Interruption[] => {
  const decisions = facts.filter((fact) => fact.kind === 'decision-made');
  return facts.flatMap((fact): readonly Interruption[] => {
    if (fact.kind === 'stop-began')
      return [{ kind: 'stop-began', atMs: fact.atMs, decidedToMs: fact.judgedToMs ?? null }];
    if (fact.kind === 'kill-incomplete') return [{ kind: 'stop-failed', atMs: fact.atMs }];
    if (fact.kind !== 'action-averted') return [];
    const { kind, atMs, rule, step, seq } = fact;
    const own = decisions.filter((one) => one.rule === rule);
    const decision = own.filter((one) => one.seq < seq).length - 1;
    return [{ kind, atMs, rule, step, decision, nextNumbers: own[decision + 1]?.numbers ?? null }];
  });
};

type Decided = Extract<Fact, { kind: 'decision-made' }>;

/** Where what was decided and what is decided again part: one sentence each; none when they are the same. */
export const differencesBetween = (live: readonly Decided[], again: readonly ReplayedDecision[]): readonly string[] => {
  const rules = new Set([...live, ...again].map(({ rule }) => rule));
  return [...rules].flatMap((rule) => {
    const [was, is] = [live.filter((one) => one.rule === rule), again.filter((one) => one.rule === rule)];
    return Array.from({ length: Math.max(was.length, is.length) }, (_, index) => {
      const [a, b] = [wordsOf(was[index]), wordsOf(is[index])];
      return a === b ? null : `${rule}: decided ${a}, now ${b}`;
    }).filter((line) => line !== null);
  });
};

const wordsOf = (
  decision: (Omit<LadderDecision, 'climbed'> & { readonly numbers: SignalVector }) | undefined,
): string =>
  decision === undefined
    ? 'nothing'
    : `step ${decision.step} ${decision.wouldDo}→${decision.does} (${decision.mode}, bucket ${decision.bucket}) on ${JSON.stringify(decision.numbers)}`;
