import type { CompiledPolicy, JobFacts } from '#policy/compiled-policy';
import type { NamedRun, PolicyMatches } from '#protocol/policy-views';
import { isOver } from '#protocol/run-state';
import type { SignalName, SignalVector } from '#protocol/signals';
import type { Fleet } from './fleet.ts';

/** A live run as far as a policy may ask; `signals` is null before its first numbers. */
export interface JudgedRun extends NamedRun {
  readonly labels: Readonly<Record<string, string>>;
  readonly signals: SignalVector | null;
}

type Reading = PolicyMatches['readings'][number];

const mostHolding = 50;

export const judgedRuns = (fleet: Pick<Fleet, 'views' | 'live'>): readonly JudgedRun[] =>
  fleet
    .views()
    .filter(({ state }) => !isOver(state))
    .map(({ runId, name, labels }) => ({ runId, name, labels, signals: fleet.live(runId)?.signals ?? null }));

/** The policy against the live runs as they stand: no dwell, no history, so "holds now" is less than "would act". */
export const matchesOf = (policy: CompiledPolicy, runs: readonly JudgedRun[]): PolicyMatches => {
  const rules = policy.rules.filter((rule) => !rule.isLimit);
  const holding: PolicyMatches['holding'][number][] = [];
  const readings = new Map<SignalName, Reading>();
  let matched = 0;
  for (const { runId, name, labels, signals } of runs) {
    const applying = rules.filter((rule) => rule.appliesTo(jobOf({ name, labels, signals })));
    if (applying.length > 0) matched += 1;
    if (signals === null) continue;
    for (const rule of applying) {
      for (const signal of rule.reads) keepHighest(readings, signal, { value: signals[signal], name });
      if (rule.when.holds(signals, false))
        holding.push({ runId, name, rule: rule.id, isHeldBack: rule.unless?.holds(signals, false) ?? false });
    }
  }
  return { liveRuns: runs.length, matched, holding: holding.slice(0, mostHolding), readings: [...readings.values()] };
};

const keepHighest = (
  readings: Map<SignalName, Reading>,
  signal: SignalName,
  seen: { readonly value: number | string | undefined; readonly name: string },
): void => {
  const { value, name } = seen;
  const known = readings.get(signal);
  if (value === undefined || (known !== undefined && !(value > known.value))) return;
  readings.set(signal, { signal, value, name });
};

/** A run as the `match` of a policy looks at it. */
export const jobOf = ({ name, labels, signals }: Omit<JudgedRun, 'runId'>): JobFacts => {
  const agent = signals?.['agent.state'];
  return { name, kind: agent === undefined || agent === 'none' ? 'script' : 'agent', labels };
};
