import type { Fact } from '#protocol/facts';
import type { Problem, TimelineEntry } from '#protocol/gateway-api';
import type { PoliciesReply, PolicyView, RuleRecord } from '#protocol/policy-views';
import { getJson } from './api.ts';
import { fleet } from './fleet.svelte.ts';

const shortestPauseMs = 2000;
const telling: ReadonlySet<Fact['kind']> = new Set<Fact['kind']>([
  'rule-pending',
  'incident-opened',
  'decision-made',
  'incident-acknowledged',
  'policy-applied',
  'policy-refused',
  'policy-held',
  'run-started',
  'run-exited',
]);

/** The policies and what became of their rules; read again when something happened that changes them. */
export class Policies {
  items = $state.raw<readonly PolicyView[]>([]);
  records = $state.raw<readonly RuleRecord[]>([]);
  history = $state.raw<readonly TimelineEntry[]>([]);
  recordsSinceMs = $state<number | null>(null);
  problem = $state.raw<Problem | null>(null);
  isLoaded = $state(false);

  #timer: ReturnType<typeof setTimeout> | null = null;

  open(): () => void {
    const unlisten = fleet.listen({
      facts: (facts) => {
        if (facts.some(({ kind }) => telling.has(kind))) this.#readSoon();
      },
      restarted: () => void this.read(),
    });
    void this.read();
    return () => {
      unlisten();
      if (this.#timer !== null) clearTimeout(this.#timer);
    };
  }

  /** What became of the rules of one policy, by rule. */
  recordsOf(name: string): ReadonlyMap<string, RuleRecord> {
    return new Map(this.records.filter(({ policy }) => policy === name).map((record) => [record.rule, record]));
  }

  async read(): Promise<void> {
    const [policies, history] = await Promise.all([
      getJson<PoliciesReply>('/v1/policies'),
      getJson<{ items: readonly TimelineEntry[] }>('/v1/policies/history?limit=50'),
    ]);
    this.isLoaded = true;
    this.problem = policies.kind === 'problem' ? policies.problem : null;
    if (history.kind === 'ok') this.history = history.value.items;
    if (policies.kind === 'problem') return;
    this.items = policies.value.items;
    this.records = policies.value.records;
    this.recordsSinceMs = policies.value.recordsSinceMs;
  }

  #readSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.read();
    }, shortestPauseMs);
  }
}
