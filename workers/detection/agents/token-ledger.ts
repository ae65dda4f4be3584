import type { AgentEvent, TokenUsage } from '#protocol/agent-events';
import type { CostBasis, Spent } from '#protocol/spending';
import { HashRing } from '../hash-ring.ts';
import type { Pricing } from './pricing.ts';
import { mixHash } from './step.ts';

type Used = Extract<AgentEvent, { kind: 'tokens-used' }>;

export interface LedgerView {
  readonly totalTokens: number;
  readonly outputTokens: number;
  /** Without what was only read from the cache again: what a person would call new. */
  readonly freshTokens: number;
  /** Integer micro-dollars; null while nothing could be priced. */
  readonly micros: number | null;
  readonly basis: CostBasis;
  /** Tokens of models without a price; they are in no sum of money. */
  readonly unpricedTokens: number;
  readonly priceVersion: string;
}

export interface TokenLedger {
  observe(event: AgentEvent): void;
  /** What is known to have been spent before the part of the stream that was read again; less than that it cannot be. */
  takeUp(spent: Spent): void;
  view(): LedgerView;
  microsOfLastTenMinutes(nowMs: number): number;
  bytes(): number;
}

interface Entry {
  readonly usage: TokenUsage;
  readonly model: string | null;
  readonly micros: number | null;
  readonly isReported: boolean;
}

// A message is reported again while it streams, so the newest few are open to change; a replayed history comes back
// whole, so the ids of many more are remembered, as numbers.
const openEntries = 64;
const rememberedIds = 1_024;

export const createTokenLedger = (pricing: Pricing): TokenLedger => {
  const entries = new Map<string, Entry>();
  const settled = new HashRing(rememberedIds);
  const spend = createSpendWindow();
  let counted: TokenUsage = noUsage;
  let unseenTokens = 0;
  let session = { reported: null as number | null, computed: 0, told: 0, isPriced: false, unpriced: 0 };
  let earlier = { micros: 0, isPriced: false, unpriced: 0, isComputed: false };

  const cost = (): number => earlier.micros + (session.reported ?? 0) + session.computed + session.told;
  const settleOldest = (): void => {
    const oldest = entries.keys().next();
    if (entries.size <= openEntries || oldest.done === true) return;
    entries.delete(oldest.value);
    settled.add(hashId(oldest.value));
  };
  const book = (entry: Entry, sign: 1 | -1): void => {
    counted = addUsage(counted, entry.usage, sign);
    if (entry.micros === null) session.unpriced += sign * tokensOf(entry.usage);
    else if (entry.isReported) session.told += sign * entry.micros;
    else session.computed += sign * entry.micros;
    if (entry.micros !== null) session.isPriced = true;
  };
  const use = (event: Used): void => {
    const known = entries.get(event.usageId);
    if (known === undefined && settled.has(hashId(event.usageId))) return;
    const usage = known === undefined ? event.usage : mostOf(known.usage, event.usage);
    const model = event.model ?? known?.model ?? null;
    if (known !== undefined && tokensOf(usage) === tokensOf(known.usage) && model === known.model) return;
    const micros = event.reportedMicros ?? pricing.price(model, usage, event.atMs);
    const entry = { usage, model, micros, isReported: event.reportedMicros !== null };
    const before = cost();
    if (known !== undefined) book(known, -1);
    book(entry, 1);
    entries.set(event.usageId, entry);
    settleOldest();
    spend.add(cost() - before, event.atMs);
  };
  const beginSession = (): void => {
    earlier = {
      micros: cost(),
      isPriced: earlier.isPriced || session.isPriced || session.reported !== null,
      unpriced: earlier.unpriced + session.unpriced,
      isComputed: earlier.isComputed || session.computed !== 0,
    };
    session = { reported: null, computed: 0, told: 0, isPriced: false, unpriced: 0 };
    for (const id of entries.keys()) settled.add(hashId(id));
    entries.clear();
  };
  // The agent's own total is the last word on its session so far; what comes after it is added to it. One that is smaller
  // than the last was begun anew: the same session, gone on with in another process.
  const report = (totalMicros: number, atMs: number): void => {
    const before = cost();
    if (session.reported !== null && totalMicros < session.reported)
      earlier = { ...earlier, micros: earlier.micros + session.reported, isPriced: true };
    session = { reported: totalMicros, computed: 0, told: 0, isPriced: true, unpriced: 0 };
    spend.add(cost() - before, atMs);
  };

  return {
    observe: (event) => {
      if (event.kind === 'tokens-used') use(event);
      if (event.kind === 'cost-reported') report(event.totalMicros, event.atMs);
      if (event.kind === 'session-started') beginSession();
    },
    takeUp: ({ micros, tokens }) => {
      unseenTokens = Math.max(unseenTokens, tokens - tokensOf(counted));
      if (micros <= cost()) return;
      // An agent's own total, should it still come, stands for this too.
      session = { ...session, computed: session.computed + micros - cost(), isPriced: true };
    },
    view: () => {
      const isPriced = earlier.isPriced || session.isPriced;
      const unpricedTokens = earlier.unpriced + session.unpriced;
      const isComputed = earlier.isComputed || session.computed !== 0;
      return {
        totalTokens: tokensOf(counted) + unseenTokens,
        outputTokens: counted.output,
        freshTokens: tokensOf(counted) + unseenTokens - counted.cacheRead,
        micros: isPriced ? cost() : null,
        basis: unpricedTokens > 0 || !isPriced ? 'unpriced' : isComputed ? 'computed' : 'reported',
        unpricedTokens,
        priceVersion: pricing.version,
      };
    },
    microsOfLastTenMinutes: spend.sum,
    bytes: () => 1_200 + entries.size * 220 + settled.bytes,
  };
};

/** The view of those who have spent nothing. */
export const emptyLedger = (pricing: Pricing): LedgerView => ({
  totalTokens: 0,
  outputTokens: 0,
  freshTokens: 0,
  micros: null,
  basis: 'unpriced',
  unpricedTokens: 0,
  priceVersion: pricing.version,
});

const noUsage: TokenUsage = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 };

const tokensOf = (usage: TokenUsage): number =>
  usage.input + usage.output + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;

const combine = (a: TokenUsage, b: TokenUsage, pick: (a: number, b: number) => number): TokenUsage => ({
  input: pick(a.input, b.input),
  output: pick(a.output, b.output),
  cacheRead: pick(a.cacheRead, b.cacheRead),
  cacheWrite5m: pick(a.cacheWrite5m, b.cacheWrite5m),
  cacheWrite1h: pick(a.cacheWrite1h, b.cacheWrite1h),
});
const mostOf = (a: TokenUsage, b: TokenUsage): TokenUsage => combine(a, b, Math.max);
const addUsage = (a: TokenUsage, b: TokenUsage, sign: 1 | -1): TokenUsage =>
  combine(a, b, (left, right) => left + sign * right);

const hashId = (id: string): number => {
  let hash = id.length;
  for (let at = 0; at < id.length; at++) hash = mixHash(hash, id.charCodeAt(at));
  return hash;
};

const bucketMs = 10_000;
const buckets = 60;

/** Ten minutes of spending in buckets of ten seconds. */
const createSpendWindow = (): { add(micros: number, atMs: number): void; sum(nowMs: number): number } => {
  const amounts = new Float64Array(buckets);
  const marks = new Float64Array(buckets).fill(-1);
  return {
    add: (micros, atMs) => {
      const mark = Math.floor(atMs / bucketMs);
      const slot = mark % buckets;
      amounts[slot] = (marks[slot] === mark ? (amounts[slot] ?? 0) : 0) + micros;
      marks[slot] = mark;
    },
    sum: (nowMs) => {
      const newest = Math.floor(nowMs / bucketMs);
      const total = amounts.reduce(
        (sum, amount, slot) =>
          (marks[slot] ?? -1) > newest - buckets && (marks[slot] ?? -1) >= 0 ? sum + amount : sum,
        0,
      );
      return Math.max(0, total);
    },
  };
};
