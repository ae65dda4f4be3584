import type { Fact } from '#protocol/facts';
import { foldIncident } from '#protocol/fold-incident';
import type { Page, Problem, TimelineEntry } from '#protocol/gateway-api';
import { toTimelineEntry } from '#protocol/timeline';
import type { IncidentView } from '#protocol/views';
import { getJson } from './api.ts';
import { fleet } from './fleet.svelte.ts';

const pageLimit = 500;

/** One incident, told by the facts of its run: from the first sign to what came of it. */
export class IncidentStory {
  readonly #id: string;
  problem = $state.raw<Problem | null>(null);
  isLoaded = $state(false);
  #facts = $state.raw<readonly Fact[]>([]);
  readonly incident: IncidentView | null = $derived(
    this.#facts.reduce<IncidentView | null>((view, fact) => foldIncident(view, fact), null),
  );
  /** Oldest first. */
  readonly entries: readonly TimelineEntry[] = $derived.by(() =>
    this.#facts.filter(belongsTo(this.#id, this.#facts)).map(toTimelineEntry),
  );

  constructor(incidentId: string) {
    this.#id = incidentId;
  }

  open(): () => void {
    const unlisten = fleet.listen({
      facts: (facts) => this.#take(facts),
      restarted: () => void this.#read(),
    });
    void this.#read();
    return unlisten;
  }

  async #read(): Promise<void> {
    const own = await getJson<Page<TimelineEntry>>(`/v1/timeline?incident_id=${this.#id}&limit=${pageLimit}`);
    this.problem = own.kind === 'problem' ? own.problem : null;
    if (own.kind === 'ok') {
      const runId = own.value.items.find((entry) => entry.runId !== null)?.runId;
      this.#take(own.value.items.map((entry) => entry.fact));
      if (runId !== undefined) await this.#readRun(`/v1/runs/${runId}/timeline?order=newest-first&limit=${pageLimit}`);
    }
    this.isLoaded = true;
  }

  async #readRun(path: string): Promise<void> {
    const whole = await getJson<Page<TimelineEntry>>(path);
    if (whole.kind === 'ok') this.#take(whole.value.items.map((entry) => entry.fact));
    else this.problem = whole.problem;
  }

  #take(facts: readonly Fact[]): void {
    const known = new Set(this.#facts.map((fact) => fact.seq));
    this.#facts = [...this.#facts, ...facts.filter((fact) => !known.has(fact.seq))].sort((a, b) => a.seq - b.seq);
  }
}

/** An incident's own facts, the steps of the stop it led to, and the moment its rule became pending. */
const belongsTo = (incidentId: string, facts: readonly Fact[]): ((fact: Fact) => boolean) => {
  const opened = facts.find((fact) => fact.kind === 'incident-opened' && fact.incidentId === incidentId);
  const stops = new Set(
    facts.flatMap((fact) =>
      fact.kind === 'stop-began' && fact.incidentId === incidentId ? [fact.interventionId] : [],
    ),
  );
  const pending = facts.findLast(
    (fact) =>
      fact.kind === 'rule-pending' &&
      opened?.kind === 'incident-opened' &&
      fact.rule === opened.rule &&
      fact.runId === opened.runId &&
      fact.seq < opened.seq,
  );
  return (fact) =>
    ('incidentId' in fact && fact.incidentId === incidentId) ||
    ('interventionId' in fact && stops.has(fact.interventionId)) ||
    fact === pending;
};
