import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import type { RuleThreshold } from '#protocol/policy-views';
import { launchBrowser, type Visitor, visit } from './browser.ts';
import { contrastFaults } from './contrast.ts';
import { type FakeGateway, startFakeGateway } from './fake-gateway.ts';
import { runIdAt } from './synthetic-fleet.ts';

const webMigrate = runIdAt(2);
const reindex = runIdAt(3);
const gibibyte = 1024 ** 3;

describe('the thresholds on the charts of a run', function () {
  this.timeout(60_000);
  let gateway: FakeGateway;
  let browser: Browser | undefined;
  let visitor: Visitor;
  let page: Page;

  before(async function () {
    browser = await launchBrowser(this);
    gateway = await startFakeGateway();
    gateway.thresholds.set(reindex, [
      { rule: 'cpu-and-repeating', signal: 'cpu.pct', value: 60 },
      { rule: 'cpu-and-repeating', signal: 'cpu.pct_10s', value: 60 },
      { rule: 'hot', signal: 'cpu.pct', value: 80 },
      { rule: 'far', signal: 'cpu.pct', value: 5000 },
      { rule: 'limit.mem.rss', signal: 'mem.rss', value: 2 * gibibyte },
      { rule: 'crowd', signal: 'procs.count', value: 500 },
    ]);
    gateway.thresholds.set(webMigrate, [
      { rule: 'tool-loop', signal: 'mem.rss', value: gibibyte },
      { rule: 'big', signal: 'mem.rss', value: gibibyte },
    ]);
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });
  beforeEach(async () => {
    visitor = await visit(browser, { size: { width: 1440, height: 900 }, scheme: 'light' });
    page = visitor.page;
  });
  afterEach(async () => {
    await visitor.leave();
    expect(visitor.complaints, 'errors, warnings and policy violations in the console').to.deep.equal([]);
  });

  const open = async (runId: string) => {
    await page.goto(`${gateway.url}/runs/${runId}`);
    await page.getByRole('status').getByText('live', { exact: true }).waitFor();
    await page.locator('canvas').nth(1).waitFor();
  };
  const listOf = (chart: string) => page.getByRole('list', { name: `Thresholds of rules: ${chart}` });
  const texts = async (chart: string): Promise<readonly string[]> => {
    const lines = await listOf(chart).getByRole('listitem').allInnerTexts();
    return lines.map((line) => line.replaceAll(/\s+/g, ' '));
  };

  it('are those of the rules that judge it, each named, with its state in words', async () => {
    await open(reindex);
    await listOf('CPU').getByText('cpu-and-repeating (firing)').waitFor();
    expect(await texts('CPU')).to.deep.equal([
      'cpu-and-repeating (firing) over 60 %',
      'hot over 80 %',
      'far over 5000 %, far above',
    ]);
    expect(await texts('Memory')).to.deep.equal(['limit.mem.rss over 2.0 GB']);
    expect(
      await page.getByRole('img', { name: /^CPU: last .*cpu-and-repeating \(firing\) over 60 %/ }).count(),
    ).to.equal(1);
    expect(await contrastFaults(page)).to.deep.equal([]);
  });

  it('say which of the rules on one line is pending', async () => {
    await open(webMigrate);
    await listOf('Memory').getByText('tool-loop (pending), big').waitFor();
    expect(await listOf('CPU').count()).to.equal(0);
  });

  it('move when another policy is put in force', async () => {
    await open(webMigrate);
    await listOf('Memory').waitFor();
    const stricter: readonly RuleThreshold[] = [{ rule: 'warm', signal: 'cpu.pct', value: 45 }];
    gateway.thresholds.set(webMigrate, stricter);
    gateway.say({
      kind: 'policy-applied',
      source: 'file:/home/sam/nightly.yaml',
      name: 'nightly.yaml',
      hash: 'b'.repeat(64),
      previousHash: 'a'.repeat(64),
      runs: [webMigrate],
      by: 'dashboard',
      who: 'the dashboard',
      reason: 'it is warm',
      diff: '',
      tests: 0,
      testsMs: 0,
      tookMs: 1,
    });
    await listOf('CPU').getByText('warm').waitFor();
    expect(await texts('CPU')).to.deep.equal(['warm over 45 %']);
    await listOf('Memory').waitFor({ state: 'detached' });
  });
});
