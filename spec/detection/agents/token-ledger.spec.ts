import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { bundledPrices, createPricing } from '#detection/agents/pricing';
import { createTokenLedger, type TokenLedger } from '#detection/agents/token-ledger';
import type { AgentEvent, TokenUsage } from '#protocol/agent-events';

const atMs = Date.parse('2026-03-01T00:00:00Z');
const none: TokenUsage = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 };
const million = 1_000_000;

const used = (
  usageId: string,
  usage: Partial<TokenUsage>,
  more: { model?: string | null; agent?: string; reportedMicros?: number; atMs?: number } = {},
): AgentEvent => ({
  kind: 'tokens-used',
  atMs: more.atMs ?? atMs,
  line: 1,
  agent: more.agent ?? 'main',
  usageId,
  model: more.model === undefined ? 'claude-haiku-4-5' : more.model,
  usage: { ...none, ...usage },
  reportedMicros: more.reportedMicros ?? null,
});

const ledgerOf = (...events: readonly AgentEvent[]): TokenLedger => {
  const ledger = createTokenLedger(createPricing());
  for (const event of events) ledger.observe(event);
  return ledger;
};

describe('the token ledger', () => {
  it('counts a message once, however many lines it streams in, with its highest output', () => {
    const view = ledgerOf(
      used('m1', { input: 100, output: 2 }),
      used('m1', { input: 100, output: 50 }),
      used('m1', { input: 100, output: 50 }),
    ).view();
    expect(view).to.include({ totalTokens: 150, outputTokens: 50, micros: 350 });
  });

  it('takes no less for more when a late line of a message reports fewer tokens', () => {
    expect(ledgerOf(used('m1', { output: 50 }), used('m1', { output: 7 })).view().outputTokens).to.equal(50);
  });

  it('counts the tokens of sub-agents', () => {
    const view = ledgerOf(used('m1', { input: million }), used('m2', { input: million }, { agent: 'toolu_9' })).view();
    expect(view.micros).to.equal(2 * million);
  });

  it('counts a replayed history once, though its messages are long past', () => {
    const history = Array.from({ length: 900 }, (_, index) => used(`m${index}`, { input: 10, output: 1 }));
    const once = ledgerOf(...history).view();
    expect(ledgerOf(...history, ...history).view()).to.deep.equal(once);
  });

  it('prices cache reads at their own price, never beside the input', () => {
    expect(ledgerOf(used('m1', { cacheRead: million })).view().micros).to.equal(100_000);
  });

  it('prices one-hour cache writes dearer than five-minute ones', () => {
    expect(ledgerOf(used('m1', { cacheWrite5m: million })).view().micros).to.equal(1_250_000);
    expect(ledgerOf(used('m1', { cacheWrite1h: million })).view().micros).to.equal(2_000_000);
    expect(ledgerOf(used('m1', { cacheWrite5m: million, cacheWrite1h: million })).view().micros).to.equal(3_250_000);
  });

  it('never prices an unknown model, and says how many tokens it left out', () => {
    const view = ledgerOf(used('m1', { input: 500 }, { model: 'parsnip-9000' })).view();
    expect(view).to.include({ micros: null, basis: 'unpriced', unpricedTokens: 500, totalTokens: 500 });
  });

  it('keeps what it knows where only one of two models has a price', () => {
    const view = ledgerOf(used('m1', { input: million }), used('m2', { input: 7 }, { model: null })).view();
    expect(view).to.include({ micros: million, basis: 'unpriced', unpricedTokens: 7 });
  });

  it('prices each message as the model that wrote it, whoever asked', () => {
    const view = ledgerOf(used('m1', { output: million }, { model: 'deepseek-chat' })).view();
    expect(view.micros).to.be.within(1, million);
  });

  it('does not price fast mode as the ordinary model', () => {
    expect(ledgerOf(used('m1', { input: million }, { model: 'claude-opus-4-6:fast' })).view().micros).to.equal(null);
  });

  it('prices a long context by its own tier', () => {
    const short = ledgerOf(used('m1', { input: 100_000 }, { model: 'gemini-2.5-pro' })).view().micros ?? 0;
    const long = ledgerOf(used('m1', { input: 400_000 }, { model: 'gemini-2.5-pro' })).view().micros ?? 0;
    expect(long).to.be.greaterThan(short * 4);
  });

  it('tells new tokens from context that was only sent again', () => {
    const view = ledgerOf(used('m1', { input: 20, output: 30, cacheRead: 500_000 })).view();
    expect(view).to.include({ totalTokens: 500_050, freshTokens: 50 });
    expect(view.micros).to.be.lessThan(60_000);
  });

  it('believes the total that the agent reports over its own sum, and adds what comes after', () => {
    const ledger = ledgerOf(used('m1', { input: million }), {
      kind: 'cost-reported',
      atMs,
      line: 1,
      agent: 'main',
      totalMicros: 900_000,
    });
    expect(ledger.view()).to.include({ micros: 900_000, basis: 'reported' });
    ledger.observe(used('m2', { input: million }));
    expect(ledger.view()).to.include({ micros: 1_900_000, basis: 'computed' });
    ledger.observe({ kind: 'cost-reported', atMs, line: 1, agent: 'main', totalMicros: 1_800_000 });
    expect(ledger.view().micros).to.equal(1_800_000);
  });

  it('adds up the totals of sessions that follow one another', () => {
    const session: readonly AgentEvent[] = [
      { kind: 'session-started', atMs, line: 1, agent: 'main', agentKind: 'claude', model: null },
      { kind: 'cost-reported', atMs, line: 1, agent: 'main', totalMicros: 300_000 },
    ];
    expect(ledgerOf(...session, ...session).view().micros).to.equal(600_000);
  });

  it('adds to a total the smaller one of the next process in the same session', () => {
    const told = [500_000, 200_000, 350_000].map(
      (totalMicros): AgentEvent => ({ kind: 'cost-reported', line: 1, atMs, agent: 'main', totalMicros }),
    );
    expect(ledgerOf(...told).view().micros).to.equal(850_000);
  });

  it('takes a cost that comes with each message as reported', () => {
    const view = ledgerOf(used('m1', { input: 5 }, { model: 'parsnip-9000', reportedMicros: 12_500 })).view();
    expect(view).to.include({ micros: 12_500, basis: 'reported' });
  });

  it('lets a table of the user win, and names it', () => {
    const prices = { 'parsnip-9000': { input: 2, output: 4, cacheRead: 1, cacheWrite5m: 3, cacheWrite1h: 5 } };
    const ledger = createTokenLedger(createPricing({ name: 'prices.yaml', prices }));
    ledger.observe(
      used('m1', { input: 1, output: 1, cacheRead: 1, cacheWrite5m: 1, cacheWrite1h: 1 }, { model: 'parsnip-9000' }),
    );
    expect(ledger.view()).to.include({ micros: 15, basis: 'computed' });
    expect(ledger.view().priceVersion).to.include('prices.yaml');
  });

  it('holds money as whole micro-dollars', () => {
    const view = ledgerOf(
      ...Array.from({ length: 7 }, (_, index) => used(`m${index}`, { input: 3, output: 1 + index })),
    ).view();
    expect(Number.isInteger(view.micros)).to.equal(true);
  });

  it('knows what the last ten minutes cost', () => {
    const ledger = ledgerOf(used('m1', { input: million }), used('m2', { input: million }, { atMs: atMs + 500_000 }));
    expect(ledger.microsOfLastTenMinutes(atMs + 500_000)).to.equal(2 * million);
    expect(ledger.microsOfLastTenMinutes(atMs + 900_000)).to.equal(million);
    expect(ledger.microsOfLastTenMinutes(atMs + 2_000_000)).to.equal(0);
  });

  it('names the price table that is installed', () => {
    const entry = createRequire(import.meta.url).resolve('@pydantic/genai-prices');
    const manifest: unknown = JSON.parse(readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8'));
    expect(manifest).to.have.property('version', bundledPrices.split(' ')[1]);
  });
});
