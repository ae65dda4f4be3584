import type { FactBody } from '#protocol/facts';
import type { Assessment, WatchedRun } from '#protocol/messages';
import { createRedactor } from '#redaction/redact';
import type { Clock } from '#runtime/clock';
import type { Thought } from './action-thought.ts';
import type { Boundary } from './containment/membership.ts';
import { causeOf } from './owed-thoughts.ts';
import { nudgeRun, throttleRun } from './steer-run.ts';

export type DecisionMade = Extract<FactBody, { kind: 'decision-made' }>;

export interface Watch {
  readonly run: WatchedRun;
  readonly boundary: Boundary;
}

interface Moment {
  /** The newest one of the rule that decided. */
  readonly verdict: Assessment | undefined;
  readonly watch: Watch | undefined;
  readonly clock: Clock;
}

/** A step is taken on a verdict that is fresh: older than this, the rule must speak again first. */
const verdictFreshMs = 3_000;

const redactor = createRedactor();

/** Re-checks, then takes the step. A rule that cleared since it was decided upon averts it. @returns what came of it. */
export const takeStep = async (fact: DecisionMade, { verdict, watch, clock }: Moment): Promise<Thought> => {
  const { runId, incidentId, reason } = fact;
  const isFresh = verdict?.state === 'firing' && clock.now() - verdict.atMs <= verdictFreshMs;
  if (watch === undefined || verdict === undefined || !isFresh) {
    const why = verdict?.state === 'inactive' ? verdict.why : 'the verdict is no longer fresh';
    return { kind: 'owed-step-averted', runId, rule: fact.rule, why };
  }
  const step = verdict.ladder[fact.step];
  if (fact.does === 'nudge') {
    const message = redactor.text(step?.message ?? reason);
    const via = nudgeRun(watch.run, message, clock.now());
    return { kind: 'nudged', runId, incidentId, message, via, by: 'policy' };
  }
  if (fact.does === 'throttle') {
    return { kind: 'throttled', runId, incidentId, ...(await throttleRun(watch.run, watch.boundary)), reason };
  }
  if (fact.does === 'pause') {
    const wait = step?.resumeAfterMs ?? null;
    const resumeAtMs = wait === null ? null : clock.now() + wait;
    return { kind: 'pause-requested', runId, by: 'policy', byRule: fact.rule, reason, resumeAtMs };
  }
  return {
    kind: 'stop-requested',
    runId,
    incidentId,
    cause: causeOf(verdict),
    by: 'policy',
    reason,
    restartAfter: fact.does === 'restart',
    ...(fact.does !== 'restart' || verdict.restart === undefined ? {} : { restartBudget: verdict.restart }),
    graceMs: verdict.graceMs,
    processes: Number(verdict.numbers['procs.count'] ?? 0),
  };
};
