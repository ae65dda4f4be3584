import { readPolicyText } from '#config/policy-files';
import type { PolicyStore } from '#config/policy-store';
import { type Fact, type FactBody, runOf } from '#protocol/facts';
import { policyKeyOf } from '#protocol/policies';
import type { FoundRun } from './adoption.ts';
import { viewOf } from './job-starter.ts';
import { readRunPolicy } from './run-policy-file.ts';
import { runRequested } from './run-requested.ts';
import { askerOf, type RunRecord } from './run-table.ts';

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
  const stop = past.findLast((fact) => fact.kind === 'stop-began');
  const extended = past.flatMap((fact) =>
    fact.kind === 'budget-extended' ? [[fact.budget, fact.extraUsd] as const] : [],
  );
  const record: RunRecord = {
    spec,
    runDir,
    policy,
    policyKey: own?.key ?? policyKeyOf(spec.policy),
    extraUsd: new Map(extended),
    acknowledged: new Set(),
    extensions: new Map(past.flatMap((fact) => (fact.kind === 'budget-extended' ? [[fact.budget, fact.times]] : []))),
    view: viewOf(past),
    identity: pidFile?.identity ?? null,
    shimIdentity: pidFile?.shim ?? null,
    shim: null,
    adopted: true,
    restartAsked: stop?.kind === 'stop-began' ? askerOf(stop) : null,
  };
  return { record, seen: own?.seen ?? null };
};
