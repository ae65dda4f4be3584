import { type FactBody, runOf } from '#protocol/facts';
import type { RunId } from '#protocol/ids';
import { isDestructive } from '#protocol/judgement';
import type { ActionMessage, Assessment, FactReport, History, RunChange, WatchedRun } from '#protocol/messages';
import { createPolicyShelf } from '#protocol/policy-shelf';
import { createRedactor } from '#redaction/redact';
import type { Actor } from '#runtime/actor';
import type { Clock } from '#runtime/clock';
import { createLanes } from '#runtime/lanes';
import type { Outlet } from '#runtime/link';
import { runActor } from '#runtime/run-actor';
import { decideAction } from './action-brain.ts';
import { type ActionState, evolveAction, noRuns } from './action-state.ts';
import type { ActionThought, Thought } from './action-thought.ts';
import type { Boundary } from './containment/membership.ts';
import { countLeft, endTree } from './end-tree.ts';
import { createHalter } from './halt-run.ts';
import { owedBy } from './owed-thoughts.ts';
import { nudgeRun } from './steer-run.ts';
import { type DecisionMade, takeStep, type Watch } from './take-step.ts';

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

const redactor = createRedactor();

/** The hands of FlowForge: says what it will do, waits until that is written, then does it, through `containment/` alone. */
export const createAction = (options: ActionOptions): ActionWorker => {
  const { clock } = options;
  const watched = new Map<RunId, Watch>();
  const verdicts = new Map<string, Assessment>();
  /** Restarts that the coordinator, which heard of them, has not said of yet whether they can be. */
  const unchecked = new Map<string, DecisionMade>();
  const ending = new Set<RunId>();
  const owedEnds = new Map<RunId, () => void>();

  /** Thoughts are taken in turn: what was heard before a stop is judged before it. */
  const heardTo = new Map<RunId, number>();
  const think = (thought: Thought): ActionThought => {
    const heard = thought.kind === 'stop-requested' ? { judgedToMs: heardTo.get(thought.runId) ?? null } : {};
    return { ...thought, ...heard, atMs: clock.now(), newId: options.newId() } as ActionThought;
  };
  const actor: Actor<ActionState, ActionThought, FactReport> = {
    name: 'action',
    initial: () => noRuns,
    concerns: concerned,
    evolve: (state, report) => evolveAction(state, report.body),
    decide: decideAction,
    perform: (report, tellSelf) => perform(report.body, (thought) => tellSelf(think(thought))),
    resume: (state) => owedBy(state).map(think),
  };

  const perform = (fact: FactBody, tellSelf: (thought: Thought) => void): void => {
    if (fact.kind === 'stop-began' || fact.kind === 'stop-resumed') void end(fact.runId, tellSelf);
    if (fact.kind === 'decision-made' && fact.enforced && (isDestructive(fact.does) || fact.does === 'nudge')) {
      if (fact.does === 'restart') unchecked.set(`${fact.runId} ${fact.rule}`, fact);
      else void act(fact, tellSelf);
    }
    if (fact.kind === 'pause-began' || fact.kind === 'resume-began') void halter.carryOut(fact.runId);
    if (fact.kind === 'pause-began') halter.resumeLater(fact.runId, fact.resumeAtMs);
  };

  const act = async (fact: DecisionMade, tellSelf: (thought: Thought) => void): Promise<void> => {
    const verdict = verdicts.get(`${fact.runId} ${fact.rule}`);
    tellSelf(await takeStep(fact, { verdict, watch: watched.get(fact.runId), clock }));
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
  /** Of a run that began in this life of ours nothing was judged before. */
  const meetNew = (change: RunChange): void => {
    meet(change);
    if (change.kind !== 'watch' || change.run.adopted || heardTo.has(change.run.runId)) return;
    heardTo.set(change.run.runId, change.run.startedAtMs);
  };
  const running = runActor(
    actor,
    options.history.map((body) => ({ key: '', body, mustSync: false })),
    options.facts,
  );
  const deliver = (thought: Thought): Promise<void> => running.deliver(think(thought));
  const halter = createHalter({
    clock,
    watchOf: (runId) => watched.get(runId),
    runOf: (runId) => running.snapshot().runs.get(runId),
    deliver,
  });
  for (const { runId, resumeAtMs } of running.snapshot().runs.values()) halter.resumeLater(runId, resumeAtMs);

  const forget = async (runId: RunId): Promise<void> => {
    const watch = watched.get(runId);
    watched.delete(runId);
    owedEnds.delete(runId);
    heardTo.delete(runId);
    for (const known of [verdicts, unchecked])
      for (const key of known.keys()) if (key.startsWith(runId)) known.delete(key);
    await watch?.boundary.release();
  };

  const handle = async (message: ActionMessage): Promise<void> => {
    switch (message.kind) {
      case 'assessed': {
        for (const assessment of message.assessments)
          verdicts.set(`${assessment.runId} ${assessment.rule}`, assessment);
        const thoughts = message.assessments.map((assessment) => {
          heardTo.set(assessment.runId, assessment.atMs);
          return deliver({ kind: 'assessed', assessment });
        });
        await Promise.all(thoughts);
        return;
      }
      case 'run-changed':
        meetNew(message.change);
        return message.change.kind === 'watch' ? halter.takeUp(message.change.run.runId) : undefined;
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
      case 'restart-checked': {
        // The answer may be here before the news that the decision is written: in turn, it comes after that.
        await deliver(message);
        const key = `${message.runId} ${message.rule}`;
        const decision = unchecked.get(key);
        unchecked.delete(key);
        if (decision !== undefined && message.whyNot === null) void act(decision, (thought) => void deliver(thought));
        return;
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
      case 'pause-requested':
        return deliver({ ...message, resumeAtMs: null });
      case 'resume-requested':
        return halter.resume(message.runId, message.by, message.reason);
      case 'nudge-requested': {
        const watch = watched.get(message.runId);
        if (watch === undefined) return;
        const { runId, by } = message;
        const text = redactor.text(message.message);
        const via = nudgeRun(watch.run, text, clock.now());
        return deliver({ kind: 'nudged', runId, incidentId: null, message: text, via, by });
      }
    }
  };

  const orders = createLanes();
  for (const runId of watched.keys()) void orders.inTurn(runId, () => halter.takeUp(runId));
  return {
    receive: (message) => {
      const runId = runOfMessage(message);
      return runId === null ? handle(message) : orders.inTurn(runId, () => handle(message));
    },
  };
};

/** null: about several runs, or none. */
const runOfMessage = (message: ActionMessage): string | null => {
  switch (message.kind) {
    case 'assessed':
      return null;
    case 'run-changed':
      return message.change.kind === 'watch' ? message.change.run.runId : null;
    case 'fact-seen':
      return runOf(message.fact);
    default:
      return message.runId;
  }
};

const concerned = (said: ActionThought | FactReport): string => {
  if ('body' in said) return runOf(said.body) ?? '';
  return said.kind === 'assessed' ? said.assessment.runId : said.runId;
};
