import { compilePolicy } from '#policy/compile-policy';
import type { CompiledPolicy } from '#policy/compiled-policy';
import { limitsOnlyPolicy } from '#policy/limits-only-policy';
import { PolicyProblem } from '#policy/problem';
import { SpendBook } from '#policy/spend-book';
import { assertNever } from '#protocol/assert-never';
import type { RunId } from '#protocol/ids';
import type {
  Assessment,
  DetectionMessage,
  LiveFrame,
  PolicyText,
  RecordingBatch,
  WatchedRun,
} from '#protocol/messages';
import type { ObservationBatch } from '#protocol/observations';
import type { PolicyPreview, PolicyProposal } from '#protocol/policies';
import { createPolicyShelf } from '#protocol/policy-shelf';
import type { FleetExtension, KeptSpending, SpendingState } from '#protocol/spending';
import type { Clock } from '#runtime/clock';
import type { Outlet } from '#runtime/link';
import type { DetectorFactories } from './detector-factories.ts';
import { type RunReport, RunWatch } from './run-watch.ts';
import { createSpendingTeller } from './tell-spending.ts';

export interface DetectionOptions extends DetectorFactories {
  readonly clock: Clock;
  /** What all jobs had spent when an earlier detection said so last. */
  readonly spent: KeptSpending;
  readonly outlets: {
    readonly assessments: Outlet<readonly Assessment[]>;
    readonly live: Outlet<LiveFrame>;
    readonly recordings: Outlet<RecordingBatch>;
    readonly previews: Outlet<PolicyPreview>;
    readonly spending: Outlet<SpendingState>;
  };
}

export interface Detection {
  change(change: DetectionMessage): void;
  /** Resolves when everything that this tick said has arrived. */
  observe(batch: ObservationBatch): Promise<void>;
  /** Resolves when nothing is on its way any more. */
  stop(): Promise<void>;
}

/** Folds observations into signals and holds each run against its policy. It touches nothing but its outlets. */
export const createDetection = (options: DetectionOptions): Detection => {
  const watches = new Map<RunId, RunWatch>();
  const policies = new Map<string, CompiledPolicy>();
  const spending = new SpendBook(options.spent.state);
  const extensions = new Map<string, FleetExtension>();
  const onShelf = createPolicyShelf();
  let onTheWay: Promise<unknown> = Promise.resolve();

  const compiled = (policy: PolicyText): CompiledPolicy => {
    const known = policies.get(policy.hash);
    if (known !== undefined) return known;
    const fresh = compilePolicy(policy);
    if (policies.size >= mostPolicies) policies.clear();
    policies.set(policy.hash, fresh);
    return fresh;
  };

  const preview = ({ proposal, policy, runIds }: PolicyProposal): void => {
    const next = compiled(policy);
    const effects = runIds.flatMap((runId) => watches.get(runId)?.preview(next) ?? []);
    onTheWay = Promise.all([onTheWay, options.outlets.previews.send({ proposal, effects })]);
  };

  /** Between two ticks, and for all runs at once. */
  const exchangePolicy = (runIds: readonly RunId[], policy: PolicyText): void => {
    try {
      const next = compiled(policy);
      for (const runId of runIds) watches.get(runId)?.usePolicy(next);
    } catch (error) {
      if (!(error instanceof PolicyProblem)) throw error; // else the last good one stays: whoever applied this one checked it first
    }
  };

  const watch = (run: WatchedRun): void => {
    if (watches.has(run.runId)) return;
    const fresh = new RunWatch(run, orLimitsOnly(compiled, run.policy), { ...options, spending });
    for (const extension of extensions.values()) fresh.extendFleetBudget(extension);
    watches.set(run.runId, fresh);
  };
  const extendForAll = (extension: FleetExtension): void => {
    extensions.set(extension.budget, extension);
    for (const known of watches.values()) known.extendFleetBudget(extension);
  };
  /** What is lost with this thread is counted again from the streams of the runs, as far as those are still there. */
  const teller = createSpendingTeller({ book: spending, outlet: options.outlets.spending, clock: options.clock });

  for (const extension of options.spent.extensions) extendForAll(extension);
  return {
    change: (change) => {
      switch (change.kind) {
        case 'watch':
          watch({ ...change.run, policy: onShelf(change.run.policy) });
          return;
        case 'unwatch':
          watches.delete(change.runId);
          spending.forget(change.runId);
          teller.changed(false);
          return;
        case 'paused':
          watches.get(change.runId)?.pause();
          return;
        case 'resumed':
          watches.get(change.runId)?.resume();
          return;
        case 'policy-changed':
          exchangePolicy(change.runIds, change.policy);
          return;
        case 'policy-proposed':
          preview(change);
          return;
        case 'acknowledged':
          watches.get(change.runId)?.acknowledge(change.rule);
          return;
        case 'budget-extended':
          watches.get(change.runId)?.extendBudget(change.budget, change.extra);
          return;
        case 'fleet-budget-extended':
          extendForAll(change.extension);
          return;
        default:
          assertNever(change);
      }
    },
    observe: (batch) => {
      spending.begin(batch.atMs);
      const reports = batch.runs.flatMap((observation): readonly RunReport[] => {
        const report = watches.get(observation.runId)?.observe(observation, batch) ?? null;
        return report === null ? [] : [report];
      });
      teller.changed(reports.some(({ assessments }) => assessments.some(hasJustFired)));
      // Its thread breathes between two messages, however fast they come: timers and run changes have their turn.
      const sent = Promise.all([send(options.outlets, batch, reports), breathe()]).then(() => undefined);
      onTheWay = Promise.all([onTheWay, sent]);
      return sent;
    },
    stop: async () => {
      watches.clear();
      await Promise.all([onTheWay, teller.stop()]);
    },
  };
};

const mostPolicies = 200;
const hasJustFired = ({ state, sinceMs, atMs }: Assessment): boolean => state === 'firing' && sinceMs === atMs;

/** A policy is checked before a run gets it; one that this version cannot use all the same (an adopted run's) must not leave its run without a guard. */
const orLimitsOnly = (compiled: (policy: PolicyText) => CompiledPolicy, policy: PolicyText): CompiledPolicy => {
  try {
    return compiled(policy);
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    return limitsOnlyPolicy(policy, error.message.split('\n')[0] ?? '');
  }
};

const send = async (
  outlets: DetectionOptions['outlets'],
  batch: ObservationBatch,
  reports: readonly RunReport[],
): Promise<void> => {
  const assessments = reports.flatMap((report) => report.assessments);
  const { atMs, host } = batch;
  await Promise.all([
    assessments.length === 0 ? null : outlets.assessments.send(assessments),
    outlets.live.send({ atMs, host, rows: reports.map((report) => report.live) }),
    reports.length === 0 ? null : outlets.recordings.send({ atMs, rows: reports.map((report) => report.recording) }),
  ]);
};

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
