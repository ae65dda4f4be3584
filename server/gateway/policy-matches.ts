import type { CompiledPolicy, JobFacts } from '#policy/compiled-policy';
import type { LiveRow } from '#protocol/messages';
import type { PolicyMatches } from '#protocol/policy-views';
import { isOver } from '#protocol/run-state';
import type { SignalName } from '#protocol/signals';
import type { RunView } from '#protocol/views';
import type { Fleet } from './fleet.ts';

type Reading = PolicyMatches['readings'][number];

/** The policy against the live runs as they stand: no dwell, no history, so "holds now" is less than "would act". */
export const matchesOf = (policy: CompiledPolicy, fleet: Pick<Fleet, 'views' | 'live'>): PolicyMatches => {
  const live = fleet.views().filter(({ state }) => !isOver(state));
  const rules = policy.rules.filter((rule) => !rule.isLimit);
  const holding: PolicyMatches['holding'][number][] = [];
  const readings = new Map<SignalName, Reading>();
  let matched = 0;
  for (const view of live) {
    const row = fleet.live(view.runId);
    const applying = rules.filter((rule) => rule.appliesTo(jobOf(view, row)));
    if (applying.length > 0) matched += 1;
    if (row === null) continue;
    for (const rule of applying) {
      for (const signal of rule.reads) keepHighest(readings, signal, { row, name: view.name });
      if (rule.when.holds(row.signals, false))
        holding.push({
          runId: view.runId,
          name: view.name,
          rule: rule.id,
          isHeldBack: rule.unless?.holds(row.signals, false) ?? false,
        });
    }
  }
  return { liveRuns: live.length, matched, holding: holding.slice(0, 50), readings: [...readings.values()] };
};

const keepHighest = (
  readings: Map<SignalName, Reading>,
  signal: SignalName,
  { row, name }: { readonly row: LiveRow; readonly name: string },
): void => {
  const value = row.signals[signal];
  const known = readings.get(signal);
  if (value === undefined || (known !== undefined && !(value > known.value))) return;
  readings.set(signal, { signal, value, name });
};

const jobOf = (view: RunView, row: LiveRow | null): JobFacts => {
  const agent = row?.signals['agent.state'];
  return { name: view.name, kind: agent === undefined || agent === 'none' ? 'script' : 'agent', labels: view.labels };
};
