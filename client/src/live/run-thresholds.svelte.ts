import type { Fact } from '#protocol/facts';
import type { RunThresholds as Reply, RuleThreshold } from '#protocol/policy-views';
import { getJson } from './api.ts';
import { fleet } from './fleet.svelte.ts';

const shortestPauseMs = 2000;

/** What the rules of one run hold its signals against; read again when another policy judges it. */
export class RunThresholds {
  items = $state.raw<readonly RuleThreshold[]>([]);

  readonly #runId: string;
  #isEarly = false;
  #askedAtMs = 0;

  constructor(runId: string) {
    this.#runId = runId;
  }

  open(): () => void {
    void this.#read();
    return fleet.listen({
      facts: (facts) => {
        if (facts.some((fact) => this.#concerns(fact))) void this.#read();
      },
      tick: ({ atMs }) => {
        if (this.#isEarly && atMs - this.#askedAtMs > shortestPauseMs) void this.#read();
      },
      restarted: () => void this.#read(),
    });
  }

  #concerns(fact: Fact): boolean {
    if (fact.kind === 'policy-applied') return fact.runs.some((runId) => runId === this.#runId);
    return fact.kind === 'run-started' && fact.runId === this.#runId;
  }

  async #read(): Promise<void> {
    this.#askedAtMs = Date.now();
    const asked = this.#askedAtMs;
    const reply = await getJson<Reply>(`/v1/runs/${this.#runId}/thresholds`);
    // Without an answer the lines of before stay: charts are no place to tell of a gateway that is away.
    if (reply.kind === 'problem' || asked < this.#askedAtMs) return;
    this.items = reply.value.items;
    this.#isEarly = reply.value.isEarly;
  }
}
