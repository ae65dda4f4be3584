import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, type Visitor, visit } from './browser.ts';
import { contrastFaults } from './contrast.ts';
import { type FakeGateway, startFakeGateway } from './fake-gateway.ts';
import { runIdAt } from './synthetic-fleet.ts';
import { loopIncidentId } from './synthetic-stories.ts';

const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
] as const;
const schemes = ['light', 'dark'] as const;

const webMigrate = runIdAt(2);
const apiFixAuth = runIdAt(0);

describe('the dashboard in a real browser', function () {
  this.timeout(60_000);
  let gateway: FakeGateway;
  let browser: Browser | undefined;
  let visitor: Visitor;
  let page: Page;

  before(async function () {
    browser = await launchBrowser(this);
    gateway = await startFakeGateway();
  });
  after(async () => {
    await browser?.close();
    await gateway?.close();
  });

  beforeEach(async () => {
    visitor = await visit(browser, { size: sizes[0], scheme: 'light' });
    page = visitor.page;
  });
  afterEach(async () => {
    await visitor.leave();
    expect(visitor.complaints, 'errors, warnings and policy violations in the console').to.deep.equal([]);
  });

  const open = async (path: string) => {
    await page.goto(gateway.url + path);
    await page.getByRole('status').getByText('live', { exact: true }).waitFor();
  };
  const row = (runId: string) => page.locator(`[data-run="${runId}"]`);
  const rows = () => page.locator('[data-run]');

  it('shows all fifty runs, those that need a person first', async () => {
    await open('/');
    await row(apiFixAuth).waitFor();
    expect(await rows().count()).to.equal(50);
    expect(await rows().first().getAttribute('data-bucket')).to.equal('needs-you');
    expect(await row(apiFixAuth).innerText()).to.contain('needs input');
    expect(await row(webMigrate).innerText()).to.match(/tool-loop\s+pending, \d+ of 60 s/);
  });

  it('changes a number when a tick arrives', async () => {
    await open('/');
    const cpu = row(webMigrate).locator('.cpu .number');
    const before = await cpu.innerText();
    await cpu.filter({ hasNotText: before }).waitFor();
  });

  it('keeps the filter in the address, counts by group, and leaves out what is excluded', async () => {
    await open('/');
    await page.getByRole('button', { name: /failed/ }).click();
    await page.waitForURL(/q=is%3Afailed/);
    expect(await rows().count()).to.equal(3);
    await page.getByLabel('Filter runs').fill('label:team=ml cpu>50 -train');
    await rows().first().waitFor();
    const shown = await rows().allInnerTexts();
    expect(shown.length).to.be.within(1, 20);
    for (const text of shown) expect(text).not.to.contain('train-lora');
    await page.reload();
    await rows().first().waitFor();
    expect(await page.getByLabel('Filter runs').inputValue()).to.equal('label:team=ml cpu>50 -train');
  });

  it('is worked by keys: n goes to who needs you, Enter opens it', async () => {
    await open('/');
    await row(apiFixAuth).waitFor();
    await page.keyboard.press('n');
    await page.locator('[data-bucket="needs-you"] a:focus').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('/');
    await page.locator('#filter:focus').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    await page.locator('[data-run] a:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/runs\/01KB/);
  });

  it('shows a run with its charts, its log and its decisions', async () => {
    await open(`/runs/${webMigrate}`);
    await page.getByRole('heading', { name: 'web/migrate' }).waitFor();
    await page.locator('canvas').nth(1).waitFor();
    await page
      .getByRole('log')
      .getByText(/^line \d+: step/)
      .first()
      .waitFor();
    expect(await page.getByRole('img', { name: /^CPU: last .*limit 60 %/ }).count()).to.equal(1);
    await page.getByText('shadow: would pause').waitFor();
    await page.getByText('Numbers that decided').click();
    await page.getByText('times the same call came back with the same result').first().waitFor();
  });

  it('shows what hides in a log, and stops following when the reader scrolls up', async () => {
    await open(`/runs/${webMigrate}`);
    const log = page.getByRole('log');
    await log.getByText('warning: slow answer\\x07 from shard').first().waitFor();
    await log.hover();
    await page.mouse.wheel(0, -400);
    await page.getByRole('button', { name: /new lines? ↓/ }).waitFor();
    await page.getByRole('button', { name: /new lines? ↓/ }).click();
    await page.getByRole('button', { name: 'following' }).waitFor();
  });

  it('asks for a reason before it stops a run, and shows what came of it', async () => {
    await open(`/runs/${apiFixAuth}`);
    await page.getByRole('button', { name: 'Stop…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('heading', { name: 'Stop api/fix-auth?' }).waitFor();
    expect(await dialog.getByRole('button', { name: 'Stop api/fix-auth' }).isDisabled()).to.equal(true);
    await dialog.getByLabel('Why? The record keeps it.').fill('it asks again and again');
    await dialog.getByRole('button', { name: 'Stop api/fix-auth' }).click();
    await dialog.getByText('SIGTERM to 4 processes').waitFor();
    await dialog.getByText(/verified empty after 1\.2 s/).waitFor();
    await dialog.getByText('Done. Nothing of it is left running.').waitFor();
    expect(gateway.asked).to.deep.include({ path: `/v1/runs/${apiFixAuth}/stop`, reason: 'it asks again and again' });
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByText('stopped by you').first().waitFor();
  });

  it('acts on what a filter chose, and names the number', async () => {
    await open('/?q=train-lora');
    await page.getByRole('button', { name: /^Stop all \d+…$/ }).click();
    const dialog = page.getByRole('dialog');
    const title = await dialog.getByRole('heading').innerText();
    const count = Number(/^Stop (\d+) runs\?$/.exec(title)?.[1]);
    expect(count).to.be.greaterThan(1);
    await dialog.getByLabel(/^Why\?/).fill('the data was wrong');
    await dialog.getByRole('button', { name: `Stop all ${count}` }).click();
    await dialog.getByText(`${count} of ${count} accepted`).waitFor();
    expect(gateway.asked.filter(({ reason }) => reason === 'the data was wrong')).to.have.length(count);
  });

  it('tells one incident: why, with which numbers, and what was done', async () => {
    await open('/incidents');
    await page.getByRole('link', { name: 'cpu-and-repeating' }).click();
    await page.waitForURL(`**/incidents/${loopIncidentId}`);
    await page.getByText('processing request 4242 failed, retrying endlessly').first().waitFor();
    await page.getByText('how often that block has come around').first().waitFor();
    await page.getByText('killed: verified empty after 1.8 s, 3 processes ended').first().waitFor();
    await page.getByText('enforced: stop').waitFor();
  });

  it('says since when it is stale, and is live again by itself', async () => {
    await open('/');
    await row(webMigrate).waitFor();
    gateway.goAway();
    await page.getByText(/^stale since \d\d:\d\d:\d\d$/).waitFor();
    expect(await rows().count()).to.equal(50);
    gateway.comeBack();
    await page.getByRole('status').getByText('live', { exact: true }).waitFor();
  });

  it('says that facts wait for the database, why, and what to do, until they do not', async () => {
    await open('/');
    gateway.holdUp('database or disk is full');
    const alert = page.getByRole('alert').filter({ hasText: 'database or disk is full' });
    await alert.waitFor();
    expect(await alert.innerText()).to.match(/Not recorded yet\..*make room on the disk that holds \/tmp\/home/s);
    gateway.holdUp(null);
    await alert.waitFor({ state: 'detached' });
  });

  it('explains a run that is not there', async () => {
    await page.goto(`${gateway.url}/runs/${runIdAt(4242)}`);
    await page
      .getByRole('alert')
      .getByText(/There is no run/)
      .waitFor();
    visitor.forgive(/404/);
  });

  for (const size of sizes) {
    for (const scheme of schemes) {
      it(`fits ${size.width} px in the ${scheme} theme on every page`, async () => {
        await visitor.leave();
        visitor = await visit(browser, { size, scheme });
        page = visitor.page;
        for (const path of ['/', `/runs/${webMigrate}`, '/incidents', `/incidents/${loopIncidentId}`]) {
          await open(path);
          await page.locator('h1').first().waitFor();
          const excess = await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          expect(excess, path).to.equal(0);
          expect(await contrastFaults(page), path).to.deep.equal([]);
        }
        const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        expect(ground).to.equal(scheme === 'light' ? 'rgb(245, 246, 248)' : 'rgb(12, 15, 21)');
      });
    }
  }
});
