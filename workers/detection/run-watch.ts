import type { CompiledPolicy } from '#policy/compiled-policy';
import { evaluateRules } from '#policy/evaluate-rules';
import { extendBudgets } from '#policy/extend-budgets';
import { effectiveLimits, limitSignals } from '#policy/limit-rules';
import { newEffects } from '#policy/policy-effects';
import type { RuleStates } from '#policy/rule-state';
import type { RuleInput } from '#policy/rule-view';
import type { SpendBook } from '#policy/spend-book';
import type { Assessment, LiveRow, RecordingBatch, WatchedRun } from '#protocol/messages';
import type { HostFigures, RunObservation } from '#protocol/observations';
import type { PolicyEffect } from '#protocol/policies';
import type { SignalVector } from '#protocol/signals';
import type { Extra, FleetExtension, Spent } from '#protocol/spending';
import type { Clock } from '#runtime/clock';
import { BudgetExtensions } from './budget-extensions.ts';
import { DecisiveMemory } from './decisive-memory.ts';
import { createDetectors, type DetectorFactories, type Detectors } from './detector-factories.ts';
import { evidenceFor } from './evidence.ts';
import { ProgressGuard } from './progress-guard.ts';
import { emptyOutput, outputReading, type Reading, read } from './reading.ts';
import { makeRecordable } from './recordable.ts';
import { RunTime } from './run-time.ts';
import { spendReadingOf } from './spend-reading.ts';

/** What one tick says of one run. */
export interface RunReport {
  readonly assessments: readonly Assessment[];
  readonly live: LiveRow;
  readonly recording: RecordingBatch['rows'][number];
}

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
  #decisive = new DecisiveMemory();
  #states: RuleStates = new Map();
  /**
   * The last look, told in numbers: detectors are read again from there. Kept as they were read, some hundred objects of
   * each run would live from one tick to the next, just long enough to be taken for lasting ones by the collector.
   */
  readonly #seen = { atMs: 0, judgedAtMs: 0, output: emptyOutput() };
  #hasLooked = false;
  #refilling = false;
  #isFirst = true;
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
    this.#time = new RunTime(run.startedAtMs, run.pausedMs);
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

  extendBudget(budget: string, extra: Extra): void {
    this.#extensions.add(budget, extra);
    this.usePolicy(this.#policyAsWritten);
  }

  extendFleetBudget(extension: FleetExtension): void {
    this.#extensions.addToFleet(extension);
    this.usePolicy(this.#policyAsWritten);
  }

  /** Holds until the rule clears. */
  acknowledge(rule: string): void {
    this.#acknowledged.add(rule);
  }

  /** What that policy would do to the run as it was seen last, that its own does not do already. */
  preview(policy: CompiledPolicy): readonly PolicyEffect[] {
    const { runId, name, jobKey, noKill } = this.#run;
    if (this.#isFirst || noKill) return [];
    const policies = { current: this.#policy, next: extendBudgets(policy, this.#extensions.inForce()) };
    const input = this.#inputAt(
      this.#seen.judgedAtMs,
      this.#vector([...this.#read(), ...this.#detectors.matches.readings(policy, this.#seen.atMs)]),
    );
    const standing = { states: this.#states, input, jobKey };
    return newEffects(policies, standing).map((effect) => ({ runId, name, ...effect }));
  }

  /** null while windows are refilled: what was already reported is not judged again. */
  observe(
    observation: RunObservation,
    tick: { readonly monoMs: number; readonly host: HostFigures },
  ): RunReport | null {
    this.#time.advance({ atMs: observation.atMs, monoMs: tick.monoMs }, this.#clock.mono());
    if (observation.refill && !this.#hasLooked) this.#guard.takeUp(this.#time.ageMs);
    if (observation.refill && !this.#refilling) this.#forgetWindows();
    this.#refilling = observation.refill;
    if (!observation.refill && this.#spentBefore !== null) {
      this.#detectors.agent.takeUp(this.#spentBefore);
      this.#spentBefore = null;
    }
    // A frozen process shows nothing; what was known of it stays as it is.
    if (!this.#time.isPaused || observation.refill || !this.#hasLooked) this.#look(observation, tick.host);
    return observation.refill ? null : this.#judge(observation);
  }

  #createDetectors(): Detectors {
    return createDetectors(this.#factories, effectiveLimits(this.#policy.limits, this.#run.limits));
  }

  #forgetWindows(): void {
    this.#spentBefore = this.#spending.totalOf(this.#run.runId);
    this.#detectors = this.#createDetectors();
    this.#decisive = new DecisiveMemory();
    this.#guard.forgetWindows();
  }

  #look(observation: RunObservation, host: HostFigures): void {
    const { lines, agent, resources, matches } = this.#detectors;
    const { atMs } = observation;
    this.#guard.observe(observation, this.#time.runMs);
    this.#decisive.see(observation.events, observation.lines);
    for (const batch of observation.lines) lines.observe(batch);
    matches.observe(observation.matches);
    if (observation.events.length > 0) agent.observe(observation.events);
    const state = agent.signals(atMs)['agent.state'];
    const stateOfAgent = typeof state === 'string' ? state : null;
    resources.observe({ observation, host, monoMs: this.#time.runMs, stateOfAgent });
    const { lines: count, bytes, lagBytes, lastOutputAtMs } = observation.output;
    Object.assign(this.#seen.output, { lines: count, bytes, lagBytes, lastOutputAtMs });
    this.#seen.atMs = atMs;
    this.#hasLooked = true;
  }

  /** What the detectors say of the last look: they are pure, and say the same however often they are asked. */
  #read(): readonly Reading[] {
    const { lines, agent, resources, matches } = this.#detectors;
    const { atMs, output } = this.#seen;
    return [
      outputReading(output, atMs),
      read(lines, atMs),
      read(agent, atMs),
      read(resources, atMs),
      ...matches.readings(this.#policy, atMs),
    ];
  }

  #vector(readings: readonly Reading[]): Record<string, number | string> {
    const { runId, limits, restarts } = this.#run;
    const seen: Record<string, number | string> = {};
    for (const reading of readings) Object.assign(seen, reading.signals);
    return Object.assign(
      seen,
      this.#guard.signals(this.#time.runMs),
      limitSignals(effectiveLimits(this.#policy.limits, limits)),
      { 'run.age': this.#time.ageMs / 1000, 'run.restarts': restarts },
      this.#spending.signals(runId, this.#policy.night),
    );
  }

  /** Time is taken from the record, too: the same age gives the same timers when the run is played again. */
  #inputAt(atMs: number, seen: Record<string, number | string>): RuleInput {
    const vector = makeRecordable(seen);
    const ageMs = Math.round(Number(vector['run.age']) * 1000);
    return {
      vector,
      atMs,
      monoMs: ageMs,
      startedAtMs: atMs - ageMs,
      job: this.#jobFacts(vector),
      rollout: this.#run.rollout,
      graceMs: this.#run.limits.graceMs,
      acknowledged: this.#acknowledged,
    };
  }

  #judge(observation: RunObservation): RunReport {
    const { atMs } = observation;
    const { runId } = this.#run;
    if (this.#extensions.dropEnded(atMs)) this.usePolicy(this.#policyAsWritten);
    const readings = this.#read();
    const seen = this.#vector(readings);
    const spent = spendReadingOf(seen, !this.#time.isPaused);
    const input = this.#inputAt(atMs, seen);
    const signals = input.vector;
    const findings = readings.flatMap((reading) => reading.findings).slice(0, mostFindings);
    const row = {
      runId,
      policyHash: this.#policy.hash,
      isFirst: this.#isFirst,
      acknowledged: [...this.#acknowledged],
      ...this.#extensions.recorded(),
      signals,
      decisive: this.#decisive.of(findings),
    };
    const evaluated = evaluateRules(this.#policy, this.#states, input);
    if (spent !== null) this.#spending.note(runId, spent, atMs);
    this.#isFirst = false;
    this.#seen.judgedAtMs = atMs;
    this.#states = evaluated.states;
    for (const { rule, state } of evaluated.assessments) if (state === 'inactive') this.#acknowledged.delete(rule);
    return {
      assessments: evaluated.assessments.map(({ reads, ...assessment }) => {
        if (assessment.state === 'inactive') return { ...assessment, runId, evidence: [] };
        const guard = this.#guard.evidence(assessment.atMs, this.#time.runMs);
        return { ...assessment, runId, evidence: evidenceFor(reads, { readings, guard }) };
      }),
      live: { runId, atMs, signals, lastLine: observation.output.lastLine, rules: evaluated.live, findings },
      recording: row,
    };
  }

  #jobFacts(signals: SignalVector) {
    const state = signals['agent.state'];
    const kind: 'agent' | 'script' = state === undefined || state === 'none' ? 'script' : 'agent';
    return { name: this.#run.name, kind, labels: this.#run.labels ?? {} };
  }
}
