import { readPolicyText } from '#config/policy-files';
import { type Fact, type FactBody, runOf } from '#protocol/facts';
import type { FoundRun } from './adoption.ts';
import { viewOf } from './job-starter.ts';
import { runRequested } from './run-requested.ts';
import { askerOf, type RunRecord } from './run-table.ts';

/** A found run as a record, with all that the journal still knows of it. */
export const toAdoptedRecord = (
  found: FoundRun,
  history: readonly Fact[],
  options: { readonly policiesDir: string; readonly say: (body: FactBody) => Fact },
): RunRecord => {
  const { spec, runDir, pidFile } = found;
  const policy = readPolicyText(spec.policy, options.policiesDir);
  const known = history.filter((fact) => runOf(fact) === spec.runId);
  // Nothing is known of it where the journal was lost: its directory speaks for it.
  const past = known.length > 0 ? known : [options.say(runRequested(spec, policy.name, 'daemon'))];
  const stop = past.findLast((fact) => fact.kind === 'stop-began');
  return {
    spec,
    runDir,
    policy,
    view: viewOf(past),
    identity: pidFile?.identity ?? null,
    shimIdentity: pidFile?.shim ?? null,
    shim: null,
    adopted: true,
    restartAsked: stop?.kind === 'stop-began' ? askerOf(stop) : null,
  };
};
