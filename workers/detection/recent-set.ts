/** The newest members of a set, up to a bound; seeing one again makes it the newest. */
export class RecentSet<Member> {
  readonly #members = new Set<Member>();
  readonly #bound: number;
  #newest: Member | undefined;

  constructor(bound: number) {
    this.#bound = bound;
  }

  /** True when the member was not among the remembered. */
  add(member: Member): boolean {
    if (member === this.#newest) return false; // most lines are like the one before
    this.#newest = member;
    const isNew = !this.#members.delete(member);
    this.#members.add(member);
    if (this.#members.size > this.#bound) {
      const oldest = this.#members.values().next();
      if (oldest.done !== true) this.#members.delete(oldest.value);
    }
    return isNew;
  }
}
