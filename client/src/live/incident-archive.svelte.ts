import type { Page, Problem } from '#protocol/gateway-api';
import type { IncidentView } from '#protocol/views';
import { getJson } from './api.ts';
import { fleet } from './fleet.svelte.ts';

/** All incidents, newest first: those that the live connection knows, and older pages as they are asked for. */
export class IncidentArchive {
  problem = $state.raw<Problem | null>(null);
  isReading = $state(false);
  #read = $state.raw<readonly IncidentView[]>([]);
  #nextCursor = $state<string | null>(null);
  readonly hasMore: boolean = $derived(this.#nextCursor !== null);
  readonly incidents: readonly IncidentView[] = $derived(newestFirst(fleet.incidents, this.#read));

  open(): void {
    void this.#readPage('/v1/incidents?limit=100');
  }

  more(): void {
    if (this.#nextCursor !== null)
      void this.#readPage(`/v1/incidents?limit=100&cursor=${encodeURIComponent(this.#nextCursor)}`);
  }

  async #readPage(path: string): Promise<void> {
    this.isReading = true;
    const reply = await getJson<Page<IncidentView>>(path);
    this.isReading = false;
    this.problem = reply.kind === 'problem' ? reply.problem : null;
    if (reply.kind === 'problem') return;
    this.#read = [...this.#read, ...reply.value.items];
    this.#nextCursor = reply.value.nextCursor;
  }
}

// What is live is newer than what was read.
const newestFirst = (live: readonly IncidentView[], read: readonly IncidentView[]): readonly IncidentView[] =>
  [...new Map([...read, ...live].map((incident) => [incident.incidentId, incident])).values()].sort(
    (a, b) => b.openedAtMs - a.openedAtMs,
  );
