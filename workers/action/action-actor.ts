import type { Actor as Who } from '#protocol/actor';
import type { FactBody } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import { isDestructive } from '#protocol/judgement';
import type { ActionMessage, Assessment, FactReport, History, RunChange, WatchedRun } from '#protocol/messages';
import { createPolicyShelf } from '#protocol/policy-shelf';
import { createRedactor } from '#redaction/redact';
import type { Actor } from '#runtime/actor';
import type { Clock } from '#runtime/clock';
import type { Outlet } from '#runtime/link';
import { runActor } from '#runtime/run-actor';
import { decideAction } from './action-brain.ts';
import { type ActionState, evolveAction, noRuns } from './action-state.ts';
import type { ActionThought, Thought } from './action-thought.ts';
import type { Boundary } from './containment/membership.ts';
import { countLeft, endTree } from './end-tree.ts';
import { causeOf, owedBy } from './owed-thoughts.ts';
import { pauseAll, resumeTree } from './pause-protocol.ts';
import { nudgeRun, throttleRun } from './steer-run.ts';

export interface ActionOptions {
  readonly clock: Clock;
  /** A ULID. */
  readonly newId: () => string;
  readonly history: History;
  /** The runs there are, when this one takes a dead one's place. */
  readonly introductions: readonly RunChange[];
  readonly facts: Outlet<FactReport>;
  readonly openBoundary: (run: WatchedRun) => Boundary;
}

export interface ActionWorker {
  receive(message: ActionMessage): Promise<void>;
}

/** A step is taken on a verdict that is fresh: older than this, the rule must speak again first. */
const verdictFreshMs = 3_000;

const redactor = createRedactor();

/** The hands of FlowForge: says what it will do, waits until that is written, then does it, through `containment/` alone. */
export const createAction = (options: ActionOptions): ActionWorker => {
  const { clock } = options;
  const watched = new Map<RunId, { readonly run: WatchedRun; readonly boundary: Boundary }>();
  const verdicts = new Map<string, Assessment>();
  const ending = new Set<RunId>();
  const owedEnds = new Map<RunId, () => void>();

  const think = (thought: Thought): ActionThought =>
    ({ ...thought, atMs: clock.now(), newId: options.newId() }) as ActionThought;
  const actor: Actor<ActionState, ActionThought, FactReport> = {
    name: 'action',
    initial: () => noRuns,
    evolve: (state, report) => evolveAction(state, report.body),
    decide: decideAction,
    perform: (report, tellSelf) => perform(report.body, (thought) => tellSelf(think(thought))),
    resume: (state) => owedBy(state).map(think),
  };

  const perform = (fact: FactBody, tellSelf: (thought: Thought) => void): void => {
    if (fact.kind === 'stop-began' || fact.kind === 'stop-resumed') void end(fact.runId, tellSelf);
    if (fact.kind === 'decision-made' && fact.enforced && (isDestructive(fact.does) || fact.does === 'nudge'))
      void act(fact, tellSelf);
    if (fact.kind === 'run-paused') resumeLater(fact.runId, fact.resumeAtMs);
  };

  /** Re-checks, then begins. A rule that cleared since it was decided upon averts the step. */
  const act = async (
    fact: Extract<FactBody, { kind: 'decision-made' }>,
    tellSelf: (thought: Thought) => void,
  ): Promise<void> => {
    const verdict = verdicts.get(`${fact.runId} ${fact.rule}`);
    const watch = watched.get(fact.runId);
    if (
      watch === undefined ||
      verdict === undefined ||
      verdict.state !== 'firing' ||
      clock.now() - verdict.atMs > verdictFreshMs
    ) {
      const why = verdict?.state === 'inactive' ? verdict.why : 'the verdict is no longer fresh';
      tellSelf({ kind: 'owed-step-averted', runId: fact.runId, rule: fact.rule, why });
      return;
    }
    const step = verdict.ladder[fact.step];
    const { runId, incidentId, reason } = fact;
    if (fact.does === 'nudge') {
      const message = redactor.text(step?.message ?? reason);
      const via = nudgeRun(watch.run, message, clock.now());
      tellSelf({ kind: 'nudged', runId, incidentId, message, via, by: 'policy' });
      return;
    }
    if (fact.does === 'throttle') {
      tellSelf({ kind: 'throttled', runId, incidentId, ...(await throttleRun(watch.run, watch.boundary)), reason });
      return;
    }
    if (fact.does === 'pause') {
      const processes = await pauseAll(watch.boundary);
      const wait = step?.resumeAfterMs ?? null;
      const resumeAtMs = wait === null ? null : clock.now() + wait;
      tellSelf({ kind: 'tree-paused', runId, processes, by: 'policy', reason, resumeAtMs });
      return;
    }
    tellSelf({
      kind: 'stop-requested',
      runId: fact.runId,
      incidentId: fact.incidentId,
      cause: causeOf(verdict),
      by: 'policy',
      reason: fact.reason,
      restartAfter: fact.does === 'restart',
      graceMs: verdict.graceMs,
      processes: Number(verdict.numbers['procs.count'] ?? 0),
    });
  };

  /** A pause that ends by itself; one that a person ended before, or that was prolonged, is left alone. */
  const resumeLater = (runId: RunId, resumeAtMs: number | null): void => {
    if (resumeAtMs === null) return;
    clock.after(Math.max(0, resumeAtMs - clock.now()), () => {
      if (running.snapshot().runs.get(runId)?.resumeAtMs === resumeAtMs)
        void resume(runId, 'policy', 'its pause is over');
    });
  };

  const resume = async (runId: RunId, by: Who, reason: string): Promise<void> => {
    const watch = watched.get(runId);
    if (watch === undefined) return;
    const { processes } = await resumeTree(watch.boundary);
    return deliver({ kind: 'tree-resumed', runId, processes, by, reason });
  };

  const end = async (runId: RunId, tellSelf: (thought: Thought) => void): Promise<void> => {
    const watch = watched.get(runId);
    const stop = running.snapshot().runs.get(runId)?.stop;
    if (!stop || ending.has(runId)) return;
    if (watch === undefined) {
      // After a crash the stop may be known before the run is introduced: it goes on when that happens.
      owedEnds.set(runId, () => void end(runId, tellSelf));
      return;
    }
    ending.add(runId);
    await endTree({ watch, stop, clock, tellSelf });
    ending.delete(runId);
  };

  const onShelf = createPolicyShelf();
  const meet = (change: RunChange): void => {
    if (change.kind !== 'watch' || watched.has(change.run.runId)) return;
    const { runId } = change.run;
    const run = { ...change.run, policy: onShelf(change.run.policy) };
    watched.set(runId, { run, boundary: options.openBoundary(run) });
    owedEnds.get(runId)?.();
    owedEnds.delete(runId);
  };
  for (const change of options.introductions) meet(change);
  const running = runActor(
    actor,
    options.history.map((body) => ({ key: '', body, mustSync: false })),
    options.facts,
  );
  for (const { runId, resumeAtMs } of running.snapshot().runs.values()) resumeLater(runId, resumeAtMs);
  const deliver = (thought: Thought): Promise<void> => running.deliver(think(thought));

  const forget = async (runId: RunId): Promise<void> => {
    const watch = watched.get(runId);
    watched.delete(runId);
    owedEnds.delete(runId);
    for (const key of verdicts.keys()) if (key.startsWith(runId)) verdicts.delete(key);
    await watch?.boundary.release();
  };

  return {
    receive: async (message) => {
      switch (message.kind) {
        case 'assessed':
          for (const assessment of message.assessments)
            verdicts.set(`${assessment.runId} ${assessment.rule}`, assessment);
          for (const assessment of message.assessments) await deliver({ kind: 'assessed', assessment });
          return;
        case 'run-changed':
          meet(message.change);
          return;
        case 'fact-seen':
          await running.believe({ key: '', body: message.fact, mustSync: false });
          if (message.fact.kind === 'run-settled') await forget(message.fact.runId);
          return;
        case 'stop-requested': {
          const watch = watched.get(message.runId);
          const processes = (await watch?.boundary.members())?.length ?? 0;
          const graceMs = message.graceMs ?? watch?.run.limits.graceMs ?? 0;
          return deliver({ ...message, incidentId: null, graceMs, processes });
        }
        case 'reap': {
          const watch = watched.get(message.runId);
          const processes = watch === undefined ? 0 : await countLeft(watch);
          return deliver({
            kind: 'tree-looked-at',
            runId: message.runId,
            processes,
            spare: watch?.run.keepOrphans ?? false,
          });
        }
        case 'pause-requested': {
          const watch = watched.get(message.runId);
          if (watch === undefined) return;
          const processes = await pauseAll(watch.boundary);
          return deliver({
            kind: 'tree-paused',
            runId: message.runId,
            processes,
            by: message.by,
            reason: message.reason,
            resumeAtMs: null,
          });
        }
        case 'resume-requested':
          return resume(message.runId, message.by, message.reason);
        case 'nudge-requested': {
          const watch = watched.get(message.runId);
          if (watch === undefined) return;
          const { runId, by } = message;
          const text = redactor.text(message.message);
          const via = nudgeRun(watch.run, text, clock.now());
          return deliver({ kind: 'nudged', runId, incidentId: null, message: text, via, by });
        }
      }
    },
  };
};
