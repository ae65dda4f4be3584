import type { CompiledPolicy } from '#policy/compiled-policy';
import { evaluateRules, type RuleAssessment } from '#policy/evaluate-rules';
import { extendBudgets } from '#policy/extend-budgets';
import { effectiveLimits, limitSignals } from '#policy/limit-rules';
import { newEffects } from '#policy/policy-effects';
import type { RuleStates } from '#policy/rule-state';
import type { RuleInput } from '#policy/rule-view';
import type { SpendBook } from '#policy/spend-book';
import type { Evidence } from '#protocol/judgement';
import { findingLevels } from '#protocol/judgement';
import type { Assessment, LiveRow, RecordingBatch, WatchedRun } from '#protocol/messages';
import type { HostFigures, LineBatch, RunObservation } from '#protocol/observations';
import type { PolicyEffect } from '#protocol/policies';
import type { SignalName, SignalVector } from '#protocol/signals';
import type { FleetExtension, Spent } from '#protocol/spending';
import type { Clock } from '#runtime/clock';
import { BudgetExtensions } from './budget-extensions.ts';
import type { Detector } from './detector.ts';
import type { AgentDetector, DetectorFactories, ResourceObservation } from './detector-factories.ts';
import { ProgressGuard } from './progress-guard.ts';
import { outputReading, type Reading, read } from './reading.ts';
import { toRecordable } from './recordable.ts';
import { RunTime } from './run-time.ts';
import { spendReadingOf } from './spend-reading.ts';

interface Detectors {
  readonly lines: Detector<LineBatch>;
  readonly agent: AgentDetector;
  readonly resources: Detector<ResourceObservation>;
}

/** What one tick says of one run. */
export interface RunReport {
  readonly assessments: readonly Assessment[];
  readonly live: LiveRow;
  readonly recording: RecordingBatch['rows'][number];
}

const mostEvidence = 4;
const mostFindings = 8;

/** One run under the eyes of all detectors and of its policy: windows, rule timers, and its own time. */
export class RunWatch {
  readonly #run: WatchedRun;
  readonly #factories: DetectorFactories;
  readonly #clock: Clock;
  readonly #guard = new ProgressGuard();
  readonly #time: RunTime;
  #policy: CompiledPolicy;
  #detectors: Detectors;
  #states: RuleStates = new Map();
  #readings: readonly Reading[] = [];
  #refilling = false;
  #isFirst = true;
  #lastInput: RuleInput | null = null;
  #policyAsWritten: CompiledPolicy;
  readonly #extensions = new BudgetExtensions();
  readonly #spending: SpendBook;
  /** What it had spent before its stream is read again. */
  #spentBefore: Spent | null;
  readonly #acknowledged = new Set<string>();

  constructor(
    run: WatchedRun,
    policy: CompiledPolicy,
    surroundings: DetectorFactories & { readonly clock: Clock; readonly spending: SpendBook },
  ) {
    this.#run = run;
    this.#policy = policy;
    this.#policyAsWritten = policy;
    this.#factories = surroundings;
    this.#clock = surroundings.clock;
    this.#spending = surroundings.spending;
    this.#spentBefore = surroundings.spending.totalOf(run.runId);
    this.#time = new RunTime(run.startedAtMs);
    this.#detectors = this.#createDetectors();
  }

  pause(): void {
    this.#time.pause(this.#clock.mono());
  }

  resume(): void {
    this.#time.resume(this.#clock.mono());
  }

  /** From the next tick on; timers of rules that stay the same carry over. */
  usePolicy(policy: CompiledPolicy): void {
    this.#policyAsWritten = policy;
    this.#policy = extendBudgets(policy, this.#extensions.inForce());
  }

  extendBudget(budget: string, extraUsd: number): void {
    this.#extensions.add(budget, extraUsd);
    this.usePolicy(this.#policyAsWritten);
  }

  extendFleetBudget(extension: FleetExtension): void {
    this.#extensions.addToFleet(extension.budget, extension);
    this.usePolicy(this.#policyAsWritten);
  }

  /** Holds until the rule clears. */
  acknowledge(rule: string): void {
    this.#acknowledged.add(rule);
  }

  /** What that policy would do to the run as it was seen last, that its own does not do already. */
  preview(policy: CompiledPolicy): readonly PolicyEffect[] {
    const { runId, name, jobKey, noKill } = this.#run;
    if (this.#lastInput === null || noKill) return [];
    const policies = { current: this.#policy, next: extendBudgets(policy, this.#extensions.inForce()) };
    const standing = { states: this.#states, input: this.#lastInput, jobKey };
    return newEffects(policies, standing).map((effect) => ({ runId, name, ...effect }));
  }

  /** null while windows are refilled: what was already reported is not judged again. */
  observe(
    observation: RunObservation,
    tick: { readonly monoMs: number; readonly host: HostFigures },
  ): RunReport | null {
    this.#time.advance({ atMs: observation.atMs, monoMs: tick.monoMs }, this.#clock.mono());
    if (observation.refill && this.#readings.length === 0) this.#guard.takeUp(this.#time.ageMs);
    if (observation.refill && !this.#refilling) this.#forgetWindows();
    this.#refilling = observation.refill;
    if (!observation.refill && this.#spentBefore !== null) {
      this.#detectors.agent.takeUp(this.#spentBefore);
      this.#spentBefore = null;
    }
    // A frozen process shows nothing; what was known of it stays as it is.
    if (!this.#time.isPaused || observation.refill || this.#readings.length === 0) this.#look(observation, tick.host);
    return observation.refill ? null : this.#judge(observation);
  }

  #createDetectors(): Detectors {
    return {
      lines: this.#factories.createLineDetectors({ logWindowLines: this.#run.limits.logWindowLines }),
      agent: this.#factories.createAgentDetectors(),
      resources: this.#factories.createResourceDetectors(effectiveLimits(this.#policy.limits, this.#run.limits)),
    };
  }

  #forgetWindows(): void {
    this.#spentBefore = this.#spending.totalOf(this.#run.runId);
    this.#detectors = this.#createDetectors();
    this.#guard.forgetWindows();
  }

  #look(observation: RunObservation, host: HostFigures): void {
    const { lines, agent, resources } = this.#detectors;
    const { atMs } = observation;
    this.#guard.observe(observation, this.#time.runMs);
    for (const batch of observation.lines) lines.observe(batch);
    if (observation.events.length > 0) agent.observe(observation.events);
    const agentReading = read(agent, atMs);
    const state = agentReading.signals['agent.state'];
    const stateOfAgent = typeof state === 'string' ? state : null;
    resources.observe({ observation, host, monoMs: this.#time.runMs, stateOfAgent });
    this.#readings = [outputReading(observation), read(lines, atMs), agentReading, read(resources, atMs)];
  }

  #judge(observation: RunObservation): RunReport {
    const { atMs } = observation;
    const { runId, limits, rollout, restarts } = this.#run;
    if (this.#extensions.dropEnded(atMs)) this.usePolicy(this.#policyAsWritten);
    const seen: SignalVector = Object.assign(
      {},
      ...this.#readings.map((reading) => reading.signals),
      this.#guard.signals(this.#time.runMs),
      limitSignals(effectiveLimits(this.#policy.limits, limits)),
      { 'run.age': this.#time.ageMs / 1000, 'run.restarts': restarts },
      this.#spending.signals(runId, this.#policy.night),
    );
    const signals = toRecordable(seen);
    // Time is taken from the record, too: the same age gives the same timers when the run is played again.
    const ageMs = Math.round(Number(signals['run.age']) * 1000);
    const input: RuleInput = {
      vector: signals,
      atMs,
      monoMs: ageMs,
      startedAtMs: atMs - ageMs,
      job: this.#jobFacts(signals),
      rollout,
      graceMs: limits.graceMs,
      acknowledged: this.#acknowledged,
    };
    const row = {
      runId,
      policyHash: this.#policy.hash,
      isFirst: this.#isFirst,
      acknowledged: [...this.#acknowledged],
      extraUsd: Object.fromEntries(this.#extensions.inForce()),
      signals,
    };
    const evaluated = evaluateRules(this.#policy, this.#states, input);
    const spent = spendReadingOf(seen, !this.#time.isPaused);
    if (spent !== null) this.#spending.note(runId, spent, atMs);
    this.#isFirst = false;
    this.#lastInput = input;
    this.#states = evaluated.states;
    for (const { rule, state } of evaluated.assessments) if (state === 'inactive') this.#acknowledged.delete(rule);
    const findings = this.#readings.flatMap((reading) => reading.findings).slice(0, mostFindings);
    return {
      assessments: evaluated.assessments.map((assessment) => this.#withEvidence(assessment)),
      live: { runId, atMs, signals, lastLine: observation.output.lastLine, rules: evaluated.live, findings },
      recording: row,
    };
  }

  #jobFacts(signals: SignalVector) {
    const state = signals['agent.state'];
    const kind: 'agent' | 'script' = state === undefined || state === 'none' ? 'script' : 'agent';
    return { name: this.#run.name, kind, labels: this.#run.labels ?? {} };
  }

  #withEvidence({ reads, ...assessment }: RuleAssessment): Assessment {
    const evidence = assessment.state === 'inactive' ? [] : this.#evidenceFor(reads, assessment.atMs);
    return { ...assessment, runId: this.#run.runId, evidence };
  }

  /** What the detectors hold whose signals the rule reads, the surest first; and what would have spoken for the job. */
  #evidenceFor(reads: readonly SignalName[], atMs: number): readonly Evidence[] {
    const behind = this.#readings.filter((reading) => reads.some((name) => reading.signals[name] !== undefined));
    const surest = behind
      .flatMap((reading) => reading.findings)
      .sort((a, b) => findingLevels.indexOf(b.level) - findingLevels.indexOf(a.level))
      .slice(0, mostEvidence)
      .map((finding) => finding.evidence);
    return reads.includes('progress.age') ? [...surest, this.#guard.evidence(atMs, this.#time.runMs)] : surest;
  }
}
