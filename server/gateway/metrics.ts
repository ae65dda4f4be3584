import { Counter, Gauge, Registry } from 'prom-client';
import type { Fact } from '#protocol/facts';
import { isOver, runStates } from '#protocol/run-state';
import type { SignalName } from '#protocol/signals';
import type { Fleet } from './fleet.ts';

const mostSeries = 200;

export interface Metrics {
  readonly contentType: string;
  count(facts: readonly Fact[]): void;
  /** Sets what a gauge says of the past, without counting it again. */
  recall(fact: Fact): void;
  text(): Promise<string>;
}

/** Counters begin at zero with each life of the gateway, as Prometheus expects of any process. */
export const createMetrics = (fleet: Fleet): Metrics => {
  const registry = new Registry();
  const count = createCounters(registry);
  const reload = createReloadGauges(registry);
  addFleetGauges(registry, fleet);
  return {
    contentType: registry.contentType,
    recall: reload,
    count: (facts) => {
      for (const fact of facts) {
        count(fact);
        reload(fact);
      }
    },
    text: () => registry.metrics(),
  };
};

const createCounters = (registry: Registry): ((fact: Fact) => void) => {
  const registers = [registry];
  const facts = new Counter({ name: 'flowforge_facts_total', help: 'Facts recorded.', registers });
  const incidents = new Counter({
    name: 'flowforge_incidents_total',
    help: 'Incidents opened.',
    labelNames: ['rule', 'severity'],
    registers,
  });
  const decisions = new Counter({
    name: 'flowforge_decisions_total',
    help: 'Decisions made, by what was really done.',
    labelNames: ['rule', 'action', 'enforced'],
    registers,
  });
  const restarts = new Counter({
    name: 'flowforge_worker_restarts_total',
    help: 'Worker threads that had to be replaced.',
    labelNames: ['worker'],
    registers,
  });
  return (fact) => {
    facts.inc();
    if (fact.kind === 'incident-opened') incidents.inc({ rule: fact.rule, severity: fact.severity });
    if (fact.kind === 'decision-made')
      decisions.inc({ rule: fact.rule, action: fact.does, enforced: String(fact.enforced) });
    if (fact.kind === 'worker-died') restarts.inc({ worker: fact.worker });
  };
};

const createReloadGauges = (registry: Registry): ((fact: Fact) => void) => {
  const registers = [registry];
  const reload = new Gauge({
    name: 'flowforge_policy_last_reload_successful',
    help: '1 where the last change of a policy is in force, 0 where it was refused or is held and the last good one stays.',
    registers,
  });
  const reloadedAt = new Gauge({
    name: 'flowforge_policy_last_reload_success_timestamp_seconds',
    help: 'When a policy was last put in force.',
    registers,
  });
  reload.set(1);
  return (fact) => {
    if (fact.kind === 'policy-applied') {
      reload.set(1);
      reloadedAt.set(fact.atMs / 1000);
    }
    if (fact.kind === 'policy-refused' || fact.kind === 'policy-held') reload.set(0);
  };
};

const addFleetGauges = (registry: Registry, fleet: Fleet): void => {
  const registers = [registry];
  new Gauge({
    name: 'flowforge_runs',
    help: 'Runs by state: all that are live, and the newest that ended.',
    labelNames: ['state'],
    registers,
    collect() {
      const views = fleet.views();
      for (const state of runStates) this.set({ state }, views.filter((view) => view.state === state).length);
    },
  });
  new Gauge({
    name: 'flowforge_daemon_rss_bytes',
    help: 'Resident memory of the daemon, all threads.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  addRunGauge(registry, {
    fleet,
    name: 'flowforge_run_cpu_cores',
    help: 'CPU in use by the tree of a run, in cores.',
    signal: 'cpu.pct',
    scale: 0.01,
  });
  addRunGauge(registry, {
    fleet,
    name: 'flowforge_run_rss_bytes',
    help: 'Resident memory of the tree of a run.',
    signal: 'mem.rss',
    scale: 1,
  });
  addRunGauge(registry, {
    fleet,
    name: 'flowforge_run_cost_dollars',
    help: 'Cost of a run since its start.',
    signal: 'cost.usd',
    scale: 1,
  });
};

const addRunGauge = (
  registry: Registry,
  about: {
    readonly fleet: Fleet;
    readonly name: string;
    readonly help: string;
    readonly signal: SignalName;
    readonly scale: number;
  },
): void => {
  new Gauge({
    name: about.name,
    help: `${about.help} At most ${mostSeries} runs, the newest.`,
    labelNames: ['run_id', 'name'],
    registers: [registry],
    collect() {
      this.reset();
      const live = about.fleet.views().filter((view) => !isOver(view.state));
      for (const view of live.slice(0, mostSeries)) {
        const value = about.fleet.live(view.runId)?.signals[about.signal];
        if (typeof value === 'number') this.set({ run_id: view.runId, name: view.name }, value * about.scale);
      }
    },
  });
};
