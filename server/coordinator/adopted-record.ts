import { readPolicyText } from '#config/policy-files';
import type { PolicyStore } from '#config/policy-store';
import { type Fact, type FactBody, runOf } from '#protocol/facts';
import { policyKeyOf } from '#protocol/policies';
import { extraIn } from '#protocol/spending';
import type { FoundRun } from './adoption.ts';
import { viewOf } from './job-starter.ts';
import { foldPausedTime, neverPaused } from './paused-time.ts';
import { readRunPolicy } from './run-policy-file.ts';
import { runRequested } from './run-requested.ts';
import { askerOf, pauserAfter, type RunRecord } from './run-table.ts';

/** A found run as a record, with all that the journal still knows of it. */
export const toAdoptedRecord = (
  found: FoundRun,
  history: readonly Fact[],
  options: { readonly policiesDir: string; readonly store: PolicyStore; readonly say: (body: FactBody) => Fact },
): { readonly record: RunRecord; readonly seen: string | null } => {
  const { spec, runDir, pidFile } = found;
  const kept = readRunPolicy(runDir);
  const own = kept.kind === 'read' ? kept.value : null;
  const policy =
    (own === null ? null : options.store.find(own.hash)) ?? readPolicyText(spec.policy, options.policiesDir);
  const known = history.filter((fact) => runOf(fact) === spec.runId);
  // Nothing is known of it where the journal was lost: its directory speaks for it.
  const past = known.length > 0 ? known : [options.say(runRequested(spec, policy.name, 'daemon'))];
  const stop = past.findLast((fact) => fact.kind === 'stop-began' || fact.kind === 'restart-cancelled');
  const extended = past.flatMap((fact) =>
    fact.kind === 'budget-extended' ? [[fact.budget, extraIn(fact)] as const] : [],
  );
  const record: RunRecord = {
    spec,
    runDir,
    policy,
    policyKey: own?.key ?? policyKeyOf(spec.policy),
    extra: new Map(extended),
    acknowledged: acknowledgedBy(past),
    extensions: new Map(past.flatMap((fact) => (fact.kind === 'budget-extended' ? [[fact.budget, fact.times]] : []))),
    pausedBy: past.reduce(pauserAfter, null as string | null),
    view: viewOf(past),
    paused: past.reduce(foldPausedTime, neverPaused),
    identity: pidFile?.identity ?? null,
    shimIdentity: pidFile?.shim ?? null,
    shim: null,
    adopted: true,
    restartAsked: stop?.kind === 'stop-began' ? askerOf(stop) : null,
    restartBudget: stop?.kind === 'stop-began' ? (stop.restartBudget ?? null) : null,
  };
  return { record, seen: own?.seen ?? null };
};

/** Rules whose open incident a person has seen: until they clear. */
const acknowledgedBy = (past: readonly Fact[]): Set<string> => {
  const seen = new Set<string>();
  for (const fact of past) {
    if (fact.kind === 'incident-acknowledged') seen.add(fact.rule);
    if (fact.kind === 'rule-cleared') seen.delete(fact.rule);
  }
  return seen;
};
