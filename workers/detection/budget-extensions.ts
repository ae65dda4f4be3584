import type { RecordingRow } from '#protocol/messages';
import { type Extra, extraIn, type FleetExtension } from '#protocol/spending';

/** What was added to budgets of one run's policy: to its own for good, to those of the fleet until their window ends. */
export class BudgetExtensions {
  readonly #own = new Map<string, Extra>();
  readonly #ofFleet = new Map<string, FleetExtension>();

  add(budget: string, extra: Extra): void {
    this.#own.set(budget, extra);
  }

  addToFleet(extension: FleetExtension): void {
    this.#ofFleet.set(extension.budget, extension);
  }

  /** True where one ended. */
  dropEnded(atMs: number): boolean {
    const ended = [...this.#ofFleet].filter(([, { untilMs }]) => untilMs <= atMs);
    for (const [budget] of ended) this.#ofFleet.delete(budget);
    return ended.length > 0;
  }

  inForce(): ReadonlyMap<string, Extra> {
    return new Map([...this.#own, ...[...this.#ofFleet].map(([budget, told]) => [budget, extraIn(told)] as const)]);
  }

  /** As a recording keeps it. */
  recorded(): Pick<RecordingRow, 'extraUsd' | 'extraTokens'> {
    const all = [...this.inForce()];
    return {
      extraUsd: Object.fromEntries(all.flatMap(([budget, { usd }]) => (usd > 0 ? [[budget, usd]] : []))),
      extraTokens: Object.fromEntries(all.flatMap(([budget, { tokens }]) => (tokens > 0 ? [[budget, tokens]] : []))),
    };
  }
}
