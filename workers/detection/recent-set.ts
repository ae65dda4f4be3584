/** The newest members of a set, up to a bound; seeing one again makes it the newest. */
export class RecentSet<Member> {
  readonly #members = new Set<Member>();
  readonly #bound: number;

  constructor(bound: number) {
    this.#bound = bound;
  }

  /** True when the member was not among the remembered. */
  add(member: Member): boolean {
    const isNew = !this.#members.delete(member);
    this.#members.add(member);
    const oldest = this.#members.values().next();
    if (this.#members.size > this.#bound && oldest.done !== true) this.#members.delete(oldest.value);
    return isNew;
  }
}
