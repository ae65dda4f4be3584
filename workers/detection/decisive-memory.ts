import type { AgentEvent } from '#protocol/agent-events';
import type { DecisiveEvent } from '#protocol/decisive-events';
import type { Finding } from '#protocol/judgement';
import { type LineBatch, lineFlag } from '#protocol/observations';

type Kind = DecisiveEvent['kind'];
type Hashes = Pick<DecisiveEvent, 'hash' | 'resultHash'>;

/** What the findings of each detector are about. */
const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['tool-cycle', 'call'],
  ['failing-call', 'call'],
  ['interleaved-repeat', 'call'],
  ['unchanged-poll', 'call'],
  ['same-error', 'error'],
  ['repeated-text', 'text'],
  ['periodic-lines', 'line'],
  ['masked-block', 'template'],
  ['similar-cycles', 'template'],
  ['failing-flood', 'template'],
]);

// As far as an interleaved repeat looks back; and as many lines as a flood is judged by.
const keptSteps = 40;
const keptLines = 64;
const mostOfOne = 4;
const mostInAll = 8;

/**
 * The newest hashes of one run, so that the record can tell what repeated when a detector says that something does.
 * Detectors keep what they need to judge, which is less: a count and the last hash.
 */
export class DecisiveMemory {
  #calls: { readonly id: string; readonly hash: number; resultHash: number | null }[] = [];
  #errors: number[] = [];
  #texts: number[] = [];
  readonly #l1 = new Uint32Array(keptLines);
  readonly #l2 = new Uint32Array(keptLines);
  #lines = 0;

  see(events: readonly AgentEvent[], batches: readonly LineBatch[]): void {
    for (const event of events) this.#hear(event);
    for (const batch of batches) this.#read(batch);
  }

  /** What these findings are about, the most frequent first, bounded for each and in all. */
  of(findings: readonly Finding[]): readonly DecisiveEvent[] {
    const found = findings.flatMap(({ detector, period, count }) => {
      const kind = kinds.get(detector);
      if (kind === undefined || count === null) return [];
      const room = Math.min(mostOfOne, Math.max(1, period ?? 1));
      return mostFrequent(this.#hashesOf(kind), room).map((hashes) => ({ detector, kind, ...hashes, count }));
    });
    return found.slice(0, mostInAll);
  }

  #hear(event: AgentEvent): void {
    if (event.kind === 'said') this.#texts = [...this.#texts, event.textHash].slice(-keptSteps);
    // An agent may tell of one call twice, when it begins and with what it came to; once it is answered, its name may be given again.
    if (
      event.kind === 'tool-called' &&
      !this.#calls.some(({ id, resultHash }) => id === event.callId && resultHash === null)
    )
      this.#calls = [...this.#calls, { id: event.callId, hash: event.callHash, resultHash: null }].slice(-keptSteps);
    if (event.kind !== 'tool-returned') return;
    const call = this.#calls.findLast(({ id }) => id === event.callId);
    if (call !== undefined) call.resultHash = event.resultHash;
    if (event.errorHash !== null) this.#errors = [...this.#errors, event.errorHash].slice(-keptSteps);
  }

  #read({ count, flags, l1, l2 }: LineBatch): void {
    // Of a flood only the end is ever looked at.
    for (let index = Math.max(0, count - 4 * keptLines); index < count; index++) {
      if (((flags[index] ?? 0) & (lineFlag.blank | lineFlag.redraw)) !== 0) continue;
      this.#l1[this.#lines % keptLines] = l1[index] ?? 0;
      this.#l2[this.#lines % keptLines] = l2[index] ?? 0;
      this.#lines++;
    }
  }

  #hashesOf(kind: Kind): readonly Hashes[] {
    const plain = (hashes: Iterable<number>): readonly Hashes[] =>
      Array.from(hashes, (hash) => ({ hash, resultHash: null }));
    if (kind === 'call') return this.#calls.map(({ hash, resultHash }) => ({ hash, resultHash }));
    if (kind === 'error') return plain(this.#errors);
    if (kind === 'text') return plain(this.#texts);
    const ring = kind === 'line' ? this.#l1 : this.#l2;
    return plain(ring.subarray(0, Math.min(this.#lines, keptLines)));
  }
}

/** By how often they are there; of those as frequent as each other, in the order of their hashes, so that ticks look alike. */
const mostFrequent = (all: readonly Hashes[], room: number): readonly Hashes[] => {
  const times = new Map<string, { readonly hashes: Hashes; count: number }>();
  for (const hashes of all) {
    const key = `${hashes.hash}:${hashes.resultHash}`;
    const known = times.get(key) ?? { hashes, count: 0 };
    known.count++;
    times.set(key, known);
  }
  return [...times.values()]
    .sort((a, b) => b.count - a.count || a.hashes.hash - b.hashes.hash)
    .slice(0, room)
    .map(({ hashes }) => hashes);
};
