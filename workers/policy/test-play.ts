import type { Rollout, Verb } from '#protocol/judgement';
import { defaultThresholds } from '#protocol/profile-thresholds';
import type { Profile } from '#protocol/run-spec';
import { isSignalName, type SignalVector } from '#protocol/signals';
import type { CompiledPolicy } from './compiled-policy.ts';
import { evaluateRules } from './evaluate-rules.ts';
import { dueStep } from './ladder.ts';
import { createLineStory } from './line-events.ts';
import type { PolicyTestCase } from './policy-test-schema.ts';
import { bucketOf, decideRollout } from './rollout.ts';
import { type RuleStates, stateName } from './rule-state.ts';
import { parseSeries, type Series } from './series.ts';
import { createExtendedPolicy } from './test-extensions.ts';
import { createToolStory } from './tool-events.ts';

export interface TakenStep {
  readonly rule: string;
  readonly verb: Verb;
  readonly enforced: boolean;
  readonly atMs: number;
  /** What the step would give the job before the kill. */
  readonly graceMs: number;
  readonly resumeAfterMs: number | null;
}

/** A case after it was played: what stood where at each tick. */
export interface PlayedCase {
  readonly intervalMs: number;
  readonly ticks: readonly {
    readonly firing: readonly string[];
    readonly stateOf: (rule: string) => 'inactive' | 'pending' | 'firing';
    /** The last step of the rule's ladder in this firing. */
    readonly stepOf: (rule: string) => TakenStep | null;
  }[];
  readonly taken: readonly TakenStep[];
}

const nobody: ReadonlySet<string> = new Set();
const grace = { graceMs: 5000 } as const;

export const playCase = (
  test: PolicyTestCase,
  policy: CompiledPolicy,
  length: { readonly intervalMs: number; readonly untilMs: number },
): PlayedCase => {
  const { intervalMs } = length;
  const series = Object.entries(test.signals ?? {}).map(([name, text]) => ({ name, series: valuesOf(String(text)) }));
  const story = createToolStory(test.events ?? []);
  const lines = createLineStory(policy, test.lines ?? []);
  const extended = createExtendedPolicy(policy, test.extensions);
  const limits = limitsOf(policy, test.job?.profile ?? 'standard');
  const jobKey = findJobKey(policy.rollout, test.job?.canary ?? 'in');
  const rollout: Rollout | null =
    test.job?.rollout === undefined ? null : { ...policy.rollout, mode: test.job.rollout };
  const kind = test.job?.kind ?? 'script';
  const job = { name: test.job?.name ?? 'job', kind, labels: test.job?.labels ?? {} };
  const count = Math.max(Math.ceil(length.untilMs / intervalMs) + 1, ...series.map((one) => one.series.length));
  let states: RuleStates = new Map();
  let steps: ReadonlyMap<string, TakenStep & { readonly step: number }> = new Map();
  const taken: TakenStep[] = [];
  const ticks = Array.from({ length: count }, (_, tick) => {
    const atMs = tick * intervalMs;
    const vector: SignalVector = {
      'run.age': atMs / 1000,
      ...limits,
      ...story(atMs),
      ...lines(atMs),
      ...valuesAt(series, tick),
    };
    const seen = evaluateRules(extended(atMs), states, {
      vector,
      atMs,
      monoMs: atMs,
      startedAtMs: 0,
      job,
      rollout,
      ...grace,
      acknowledged: nobody,
    });
    states = seen.states;
    const next = new Map(steps);
    for (const { rule, state, ladder, sinceMs, heldBack, isLimit, graceMs, rollout: ruled } of seen.assessments) {
      if (state !== 'firing') next.delete(rule);
      const step =
        state === 'firing'
          ? dueStep(ladder, { firingForMs: atMs - sinceMs, taken: next.get(rule)?.step ?? -1, heldBack })
          : null;
      const due = step === null ? undefined : ladder[step];
      if (step === null || due === undefined) continue;
      const { verb, resumeAfterMs } = due;
      const { enforced } = decideRollout(ruled, jobKey, { verb, isLimit });
      const done = { rule, verb, atMs, step, enforced, graceMs, resumeAfterMs };
      next.set(rule, done);
      taken.push(done);
    }
    steps = next;
    const now = states;
    const firing = [...now].flatMap(([rule, state]) => (state.kind === 'firing' ? [rule] : []));
    return {
      firing,
      stateOf: (rule: string) => stateName(now.get(rule)),
      stepOf: (rule: string) => next.get(rule) ?? null,
    };
  });
  return { intervalMs, ticks, taken };
};

/** What a run of this profile is held against. */
const limitsOf = ({ limits: { memBytes } }: CompiledPolicy, profile: Profile): SignalVector => {
  const { maxCpuPct, logWindowLines } = defaultThresholds[profile];
  const own = { 'limit.cpu_pct': maxCpuPct, 'limit.log_window': logWindowLines };
  return memBytes === null ? own : { ...own, 'limit.mem_bytes': memBytes };
};

const valuesOf = (text: string): Series => {
  const result = parseSeries(text);
  return result.kind === 'read' ? result.series : [];
};

const valuesAt = (all: readonly { readonly name: string; readonly series: Series }[], tick: number): SignalVector =>
  Object.fromEntries(
    all.flatMap(({ name, series }) => {
      const value = series[tick] ?? null;
      return value === null || !isSignalName(name) ? [] : [[name, value]];
    }),
  );

/** A job on the wanted side of the canary; any job where there is none. */
const findJobKey = (rollout: Rollout, side: 'in' | 'out'): string => {
  const isOn = (key: string): boolean => bucketOf(rollout.salt, key) < rollout.percent * 100 === (side === 'in');
  const keys = Array.from({ length: 2000 }, (_, index) => `job-${index}`);
  return keys.find(isOn) ?? 'job-0';
};
