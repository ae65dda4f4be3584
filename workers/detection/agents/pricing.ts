import { createRequire } from 'node:module';
import type { TokenUsage } from '#protocol/agent-events';

/** Dollars per million tokens of one model, as a user's own table gives them. */
export interface ModelPrice {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
}

export type PriceTable = Readonly<Record<string, ModelPrice>>;

export interface Pricing {
  /** Names the table that a computed cost rests on. */
  readonly version: string;
  /** Integer micro-dollars; null for a model without a price: it is never free. `atMs` chooses among dated prices. */
  price(model: string | null, usage: TokenUsage, atMs: number): number | null;
}

/** The price table comes with this release of the package and never changes by itself. */
export const bundledPrices = 'genai-prices 0.1.8';

/** @param own prices that win over the bundled ones; its name goes into the version. */
export const createPricing = (own: { readonly name: string; readonly prices: PriceTable } | null = null): Pricing => ({
  version: own === null ? bundledPrices : `${own.name} + ${bundledPrices}`,
  price: (model, usage, atMs) => {
    if (model === null) return null;
    const mine = own?.prices[model];
    return mine === undefined ? priceFromBundle(model, usage, atMs) : priceFrom(mine, usage);
  },
});

const priceFrom = (price: ModelPrice, usage: TokenUsage): number =>
  // Dollars per million tokens are micro-dollars per token.
  Math.round(
    usage.input * price.input +
      usage.output * price.output +
      usage.cacheRead * price.cacheRead +
      usage.cacheWrite5m * price.cacheWrite5m +
      usage.cacheWrite1h * price.cacheWrite1h,
  );

const priceFromBundle = (model: string, usage: TokenUsage, atMs: number): number | null => {
  // Fast mode is dearer than its model, by a factor that the table does not hold.
  if (model.endsWith(':fast')) return null;
  const spelled = [model, model.slice(model.lastIndexOf('/') + 1)];
  for (const name of spelled) {
    const found = lookUp(usage, name, atMs);
    if (found !== null) return found;
  }
  return null;
};

// The table is 20 MB in memory, and most runs have no tokens to price: it is loaded with the first that have.
type Prices = typeof import('@pydantic/genai-prices');
const require = createRequire(import.meta.url);
let loaded: Prices | null = null;
const prices = (): Prices => {
  loaded ??= require('@pydantic/genai-prices') as Prices;
  return loaded;
};

// Finding a model in the table costs more than all else that is done with an event. Prices change by the hour at most
// (some are cheaper at night); one that depends on the length of the prompt is asked for each time.
const keptPrices = 64;
const knownPrices = new Map<string, ModelPrice | 'by-length' | 'unknown'>();

const lookUp = (usage: TokenUsage, model: string, atMs: number): number | null => {
  const key = `${Math.floor(atMs / 60_000)} ${model}`;
  const known = knownPrices.get(key) ?? findPrice(model, atMs);
  if (knownPrices.size >= keptPrices) knownPrices.clear();
  knownPrices.set(key, known);
  if (known === 'unknown') return null;
  return known === 'by-length' ? ask(usage, model, atMs) : priceFrom(known, usage);
};

const nothingUsed: TokenUsage = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 };

/** Dollars per million of each kind of tokens, where that is all there is to a price. */
const findPrice = (model: string, atMs: number): ModelPrice | 'by-length' | 'unknown' => {
  const found = prices().calcPrice({ input_tokens: 1 }, model, { timestamp: new Date(atMs) });
  if (found === null) return 'unknown';
  if (Object.values(found.model_price).some((price) => typeof price === 'object')) return 'by-length';
  // Micro-dollars for a million are micro-dollars per token, times a million.
  const per = (kind: keyof TokenUsage): number =>
    (ask({ ...nothingUsed, [kind]: 1_000_000 }, model, atMs) ?? 0) / 1_000_000;
  return {
    input: per('input'),
    output: per('output'),
    cacheRead: per('cacheRead'),
    cacheWrite5m: per('cacheWrite5m'),
    cacheWrite1h: per('cacheWrite1h'),
  };
};

const ask = (usage: TokenUsage, model: string, atMs: number): number | null => {
  const writes = usage.cacheWrite5m + usage.cacheWrite1h;
  const counts = {
    // The package wants the whole input, with its cached parts named apart.
    input_tokens: usage.input + usage.cacheRead + writes,
    cache_read_tokens: usage.cacheRead,
    cache_write_tokens: writes,
    output_tokens: usage.output,
    ...(usage.cacheWrite1h > 0 ? { cache_write_1h_tokens: usage.cacheWrite1h } : {}),
  };
  const found = prices().calcPrice(counts, model, { timestamp: new Date(atMs) });
  return found === null ? null : Math.round(found.total_price * 1_000_000);
};
