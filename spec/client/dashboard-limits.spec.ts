import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { parseInterventionId } from '#protocol/ids';
import { clientDir, launchBrowser, type Visitor, visit } from './browser.ts';
import { type FakeGateway, startFakeGateway } from './fake-gateway.ts';
import { runIdAt } from './synthetic-fleet.ts';

const desk = { size: { width: 1440, height: 900 }, scheme: 'light' } as const;
const kib = 1024;

describe('the dashboard at its limits', function () {
  this.timeout(60_000);
  let browser: Browser | undefined;
  let gateway: FakeGateway | undefined;
  let visitor: Visitor | undefined;

  before(async function () {
    browser = await launchBrowser(this);
  });
  after(async () => {
    await browser?.close();
  });
  afterEach(async () => {
    await visitor?.leave();
    await gateway?.close();
    expect(visitor?.complaints ?? []).to.deep.equal([]);
    visitor = undefined;
    gateway = undefined;
  });

  const look = async (options: Parameters<typeof startFakeGateway>[0]) => {
    gateway = await startFakeGateway(options);
    visitor = await visit(browser, desk);
    await visitor.page.goto(gateway.url);
    return { page: visitor.page, gateway };
  };

  it('draws only the rows in view of five hundred runs, and reaches the last by scrolling', async () => {
    const { page } = await look({ runs: 500 });
    await page.locator('[data-run]').first().waitFor();
    expect(await page.locator('[data-run]').count()).to.be.lessThan(100);
    expect(await page.getByRole('table', { name: 'Runs' }).getAttribute('aria-rowcount')).to.equal('507');
    await page.getByRole('button', { name: /491 running/ }).waitFor();
    await page.keyboard.press('End');
    await page.locator('[data-bucket="done"]').waitFor();
  });

  it('moves no row while the pointer is on the table, and says how many would', async () => {
    const { page, gateway } = await look({});
    const paused = runIdAt(20);
    const places = () =>
      page.locator('[data-run]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-run')));
    await page.locator(`[data-run="${runIdAt(30)}"]`).hover();
    const before = await places();
    gateway.say({
      kind: 'run-paused',
      resumeAtMs: null,
      runId: paused,
      interventionId: parseInterventionId('01KE0000000000000000000007'),
      processes: 1,
      by: 'cli',
      reason: 'to see whether it jumps',
    });
    const chip = page.getByRole('button', { name: /rows moved · re-sort/ });
    await chip.waitFor();
    expect(await places()).to.deep.equal(before);
    expect(await page.locator(`[data-run="${paused}"]`).innerText()).to.contain('paused');
    await chip.click();
    await chip.waitFor({ state: 'detached' });
    expect(await places()).not.to.deep.equal(before);
  });

  it('asks for a new picture when facts are missing', async () => {
    const { page, gateway } = await look({});
    await page.locator('[data-run]').first().waitFor();
    gateway.loseFact({
      kind: 'run-exited',
      runId: runIdAt(21),
      code: 3,
      signal: null,
      endedAtMs: Date.now(),
    });
    gateway.say({ kind: 'run-exited', runId: runIdAt(22), code: 0, signal: null, endedAtMs: Date.now() });
    await page
      .locator(`[data-run="${runIdAt(21)}"]`)
      .getByText('exit 3')
      .waitFor();
  });

  it('offers three commands where nothing runs yet', async () => {
    const { page } = await look({ runs: 0 });
    await page.getByText('./flowforge run -- <your command>', { exact: true }).waitFor();
    await page.getByText('./flowforge demo', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: /^Copy / }).count()).to.equal(3);
  });

  it('tells a stranger how to get in', async () => {
    const { page } = await look({ signedIn: false });
    await page.getByRole('heading', { name: 'Open this page from a terminal' }).waitFor();
    await page.getByText('./flowforge dashboard --open').waitFor();
    visitor?.forgive(/401/);
  });

  it('loads at most 90 KB of script and 15 KB of style first, all from its own origin', () => {
    const html = readFileSync(`${clientDir}index.html`, 'utf8');
    const linked = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
    expect(linked.filter((path) => !path.startsWith('/'))).to.deep.equal([]);
    const sizeOf = (ending: string): number =>
      linked
        .filter((path) => path.endsWith(ending))
        .reduce((bytes, path) => bytes + gzipSync(readFileSync(clientDir + path.slice(1))).length, 0);
    expect(sizeOf('.js')).to.be.within(1, 90 * kib);
    expect(sizeOf('.css')).to.be.within(1, 15 * kib);
  });
});
