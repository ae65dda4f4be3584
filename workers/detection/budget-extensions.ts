/** Dollars that were added to budgets of one run's policy: to its own for good, to those of the fleet until their window ends. */
export class BudgetExtensions {
  readonly #own = new Map<string, number>();
  readonly #ofFleet = new Map<string, { readonly extraUsd: number; readonly untilMs: number }>();

  add(budget: string, extraUsd: number): void {
    this.#own.set(budget, extraUsd);
  }

  addToFleet(budget: string, extension: { readonly extraUsd: number; readonly untilMs: number }): void {
    this.#ofFleet.set(budget, extension);
  }

  /** True where one ended. */
  dropEnded(atMs: number): boolean {
    const ended = [...this.#ofFleet].filter(([, { untilMs }]) => untilMs <= atMs);
    for (const [budget] of ended) this.#ofFleet.delete(budget);
    return ended.length > 0;
  }

  inForce(): ReadonlyMap<string, number> {
    return new Map([...this.#own, ...[...this.#ofFleet].map(([budget, { extraUsd }]) => [budget, extraUsd] as const)]);
  }
}
