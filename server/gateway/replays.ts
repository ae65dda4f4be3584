import { existsSync } from 'node:fs';
import path from 'node:path';
import { Piscina } from 'piscina';
import { differencesBetween, interruptionsIn, type ReplayedRun, underAnother } from '#offline/replay-run';
import type { RunPeaks } from '#policy/suggest-thresholds';
import type { Act, BacktestProgress, BacktestReport, BacktestRun, ReplayReport } from '#protocol/backtest';
import type { Fact } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import { isDestructive } from '#protocol/judgement';
import type { PolicyText } from '#protocol/messages';
import { reportOn } from './backtest-report.ts';
import type { PeaksTask } from './peaks-task.ts';
import type { ReplayOutcome, ReplayTask } from './replay-task.ts';

/** Facts that a replay needs. */
export const replayKinds = [
  'run-requested',
  'run-exited',
  'stop-began',
  'kill-incomplete',
  'action-averted',
  'decision-made',
] as const;

/** A recorded run with the facts that a replay needs. */
export interface RecordedRun {
  readonly runId: RunId;
  readonly facts: readonly Fact[];
}

export interface Replays {
  replay(run: RecordedRun, policy: PolicyText | null): Promise<ReplayReport | null>;
  /** `against` null: what really happened. */
  backtest(
    runs: readonly RecordedRun[],
    ask: { readonly candidate: PolicyText; readonly against: PolicyText | null; readonly sinceMs: number },
    onProgress?: (progress: BacktestProgress) => void,
  ): Promise<BacktestReport>;
  /** How high the signals of those stood that ended well; runs of which nothing is recorded are left out. */
  peaks(runs: readonly RecordedRun[]): Promise<readonly RunPeaks[]>;
  close(): Promise<void>;
}

const idleMs = 10_000;

/** Judges recorded runs again, on threads of their own: live runs do not wait for the past. */
export const createReplays = (home: string, threads = 2): Replays => {
  const pool = new Piscina<ReplayTask, ReplayOutcome>({
    filename: new URL('./replay-task.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: idleMs,
    concurrentTasksPerWorker: 1,
  });
  const peaksPool = new Piscina<PeaksTask, RunPeaks>({
    filename: new URL('./peaks-task.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: idleMs,
  });
  const fileOf = (runId: RunId): string => path.join(home, 'recordings', `${runId}.rec`);
  const play = (
    run: RecordedRun,
    more: Pick<ReplayTask, 'policy' | 'until' | 'fromMs'>,
  ): Promise<ReplayOutcome> | null => {
    const constant = constantsOf(run.facts);
    if (constant === null || !existsSync(fileOf(run.runId))) return null;
    // What happened to the run happened under its own policy; another one is followed up to its own first act.
    const happened = interruptionsIn(run.facts);
    const interruptions = more.policy === null ? happened : underAnother(happened);
    // A run that was started in shadow is what a backtest is for: the policy alone says where it would act.
    const judged = more.until === 'first-act' ? { ...constant, rollout: null } : constant;
    return pool.run({ home, file: fileOf(run.runId), run: judged, interruptions, ...more });
  };

  const compare = async (
    run: RecordedRun,
    ask: { readonly candidate: PolicyText; readonly against: PolicyText | null; readonly sinceMs: number },
  ): Promise<BacktestRun | null> => {
    const more = { until: 'first-act', fromMs: ask.sinceMs } as const;
    const candidate = await play(run, { policy: ask.candidate, ...more });
    if (candidate === null) return null;
    const against = ask.against === null ? null : await play(run, { policy: ask.against, ...more });
    const requested = run.facts.find((fact) => fact.kind === 'run-requested');
    const exited = run.facts.find((fact) => fact.kind === 'run-exited');
    return {
      runId: run.runId,
      name: requested?.kind === 'run-requested' ? requested.face.name : '',
      endedWell: endedWell(run.facts),
      startedAtMs: run.facts[0]?.atMs ?? 0,
      endedAtMs: exited?.kind === 'run-exited' ? exited.endedAtMs : null,
      ticks: candidate.ticks,
      active: firstAct(against?.decisions ?? run.facts.filter((fact) => fact.kind === 'decision-made').map(toAct)),
      candidate: firstAct(candidate.decisions),
      missing: candidate.missing,
    };
  };

  return {
    replay: async (run, policy) => {
      const outcome = await play(run, { policy, until: 'end', fromMs: 0 });
      if (outcome === null) return null;
      const live = run.facts.filter((fact) => fact.kind === 'decision-made');
      return {
        runId: run.runId,
        name: constantsOf(run.facts)?.name ?? '',
        ticks: outcome.ticks,
        decisions: live.length,
        again: outcome.decisions.length,
        differences: differencesBetween(live, outcome.decisions),
        unknownPolicies: outcome.unknownPolicies,
      };
    },
    backtest: async (runs, ask, onProgress) => {
      let done = 0;
      const counted = async (run: RecordedRun): Promise<BacktestRun | null> => {
        const compared = await compare(run, ask);
        onProgress?.({ done: ++done, total: runs.length });
        return compared;
      };
      const beganMs = performance.now();
      const compared = (await Promise.all(runs.map(counted))).filter((one) => one !== null);
      return {
        ...reportOn(compared),
        policy: ask.candidate.name,
        against: ask.against?.name ?? 'what really happened',
        sinceMs: ask.sinceMs,
        runs: runs.length,
        recorded: compared.length,
        tookMs: Math.round(performance.now() - beganMs),
      };
    },
    peaks: async (runs) => {
      const healthy = runs.filter(({ runId, facts }) => endedWell(facts) && existsSync(fileOf(runId)));
      return Promise.all(
        healthy.map(({ runId, facts }): Promise<RunPeaks> => {
          const task: PeaksTask = { name: constantsOf(facts)?.name ?? runId, file: fileOf(runId) };
          return peaksPool.run(task);
        }),
      );
    },
    close: async () => {
      await Promise.all([pool.destroy(), peaksPool.destroy()]);
    },
  };
};

/** By itself, with code 0. */
const endedWell = (facts: readonly Fact[]): boolean =>
  facts.some((fact) => fact.kind === 'run-exited' && fact.code === 0) &&
  !facts.some((fact) => fact.kind === 'stop-began' && fact.cause !== 'orphans');

const toAct = (fact: Extract<Fact, { kind: 'decision-made' }>) => ({ ...fact, summary: fact.reason });

const firstAct = (
  decisions: readonly (Pick<Act, 'atMs' | 'rule' | 'summary'> & {
    readonly enforced: boolean;
    readonly does: Act['verb'];
  })[],
): Act | null => {
  const act = decisions.find(({ enforced, does }) => enforced && isDestructive(does));
  return act === undefined ? null : { atMs: act.atMs, rule: act.rule, verb: act.does, summary: act.summary };
};

const constantsOf = (facts: readonly Fact[]): ReplayedRun | null => {
  const requested = facts.find((fact) => fact.kind === 'run-requested');
  if (requested?.kind !== 'run-requested') return null;
  const { face, jobKey, rollout, noKill, limits } = requested;
  return { name: face.name, labels: face.labels, jobKey, rollout, noKill, graceMs: limits.graceMs };
};
