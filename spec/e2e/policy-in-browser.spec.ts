import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import type { Fact } from '#protocol/facts';
import type { ActivePolicy } from '#protocol/policies';
import { launchBrowser, type Visitor, visit } from '../client/browser.ts';
import { createForge, type Forge, script } from './flowforge.ts';

const jobs = 3;
const text = `apiVersion: flowforge/v1
kind: Policy
metadata: { name: nightly }
rules:
  - id: hot
    when: cpu.pct > 5000
    action: alert
`;

const tests = `apiVersion: flowforge/v1
kind: PolicyTest
policy: ./nightly.yaml
interval: 1s
tests:
  - name: lines alone are no trouble
    signals: { output.lines: "0+1x20" }
    never: [alert]
`;

describe('a policy in the browser, with a real daemon and running jobs', function () {
  this.timeout(120_000);
  let browser: Browser | undefined;
  let forge: Forge;
  let folder: string;
  let file: string;
  let visitor: Visitor;
  let page: Page;

  before(async function () {
    browser = await launchBrowser(this);
    forge = createForge({ FLOWFORGE_POLICY_HOLD_ABOVE: '2' });
    folder = mkdtempSync(path.join(tmpdir(), 'ff-policy-page-'));
    file = path.join(folder, 'nightly.yaml');
    writeFileSync(file, text);
    const job = ['python3', script('prints_lines.py'), '--rate', '5', '--count', '6000', '--timeout', '900'];
    for (let n = 0; n < jobs; n += 1) {
      const begun = await forge.run('run', '--detach', '--name', `printer-${n}`, '--policy', file, '--', ...job);
      expect(begun.code, begun.stderr).to.equal(0);
    }
    visitor = await visit(browser, { size: { width: 1440, height: 900 }, scheme: 'light' });
    page = visitor.page;
    const { path: ticket } = JSON.parse((await forge.post('/v1/tickets', {})).text) as { path: string };
    await page.goto(`http://127.0.0.1:${(await forge.status()).port}${ticket}`);
    await page.getByRole('link', { name: 'Policies' }).click();
    await page.getByRole('link', { name: 'nightly.yaml' }).click();
    await page.locator('.cm-content').waitFor();
    await page.getByText(`${jobs} of ${jobs} live runs`).waitFor();
  });
  after(async () => {
    await visitor?.leave();
    await browser?.close();
    await forge?.end();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    expect(visitor?.complaints ?? [], 'errors, warnings and policy violations in the console').to.deep.equal([]);
  });

  const history = (): Promise<Fact[]> => forge.json('policy', 'history', '--json');
  const active = (): Promise<ActivePolicy[]> => forge.json('policy', 'active', '--json');
  const statesOf = async (): Promise<readonly string[]> =>
    (await forge.ps()).map(({ state }) => state).filter((state, at, all) => all.indexOf(state) === at);
  const dialog = () => page.getByRole('dialog');
  const type = async (rule: string): Promise<void> => {
    await page.getByText('cpu.pct > 5000').first().click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText(rule);
    await page.getByText('changed, not in force').waitFor();
    await page.getByText(/^\s*valid, \d+ rules/).waitFor();
    await page.getByRole('button', { name: 'Apply…' }).click();
  };
  const give = async (reason: string, button: string | RegExp): Promise<void> => {
    await dialog().getByLabel('Why? The history keeps it.').fill(reason);
    await dialog().getByRole('button', { name: button }).click();
  };

  it('holds what would pause every job, names them, and does nothing until a person insists', async () => {
    await type('  - id: tired\n    when: output.lines > 1\n    action: pause\n');
    await dialog().getByRole('checkbox').uncheck();
    await give('they are tired', 'Put nightly.yaml in force');
    await dialog().getByText('Held: it would act on more than 2 running jobs at once.').waitFor();
    for (let n = 0; n < jobs; n += 1) await dialog().getByText(`printer-${n}`).waitFor();
    expect(await statesOf()).to.deep.equal(['running']);
    expect(readFileSync(file, 'utf8'), 'the file while a person thinks').to.equal(text);

    await dialog().getByRole('button', { name: 'Leave it as it is' }).click();
    expect(readFileSync(file, 'utf8'), 'the file after it was left as it is').to.equal(text);
    expect((await active())[0]?.problem, 'trouble with the file').to.equal(null);

    await page.getByRole('button', { name: 'Apply…' }).click();
    await dialog().getByRole('checkbox').uncheck();
    await give('they are tired', 'Put nightly.yaml in force');
    await dialog().getByRole('button', { name: 'Do it all the same' }).click();
    await dialog().getByText(`In force for ${jobs} runs`).waitFor();
    await dialog().getByRole('button', { name: 'Close' }).click();
    expect(readFileSync(file, 'utf8')).to.contain('- id: tired');
    await forge.until('all jobs paused', async () => (await statesOf()).join() === 'paused');
    const [applied] = await history();
    expect(applied).to.include({ kind: 'policy-applied', reason: 'they are tired' });
  });

  it('goes back to the text before, with a reason, and the history keeps both', async () => {
    const [before] = await history();
    const previous = before?.kind === 'policy-applied' ? before.previousHash : '';
    await page.getByRole('button', { name: `Back to ${previous.slice(0, 8)}…` }).click();
    await give('they were not', /back in force/);
    await dialog().getByText(`In force for ${jobs} runs`).waitFor();
    await dialog().getByRole('button', { name: 'Close' }).click();
    const [back] = await history();
    expect(back).to.include({ kind: 'policy-applied', hash: previous, reason: 'they were not' });
    await page
      .getByText(/they were not/)
      .first()
      .waitFor();
    expect((await forge.run('resume', '-f', 'state:paused')).code).to.equal(0);
    expect(await statesOf()).to.deep.equal(['running']);
  });

  it('leaves the file alone when its own tests speak against the new text', async () => {
    const before = readFileSync(file, 'utf8');
    writeFileSync(file.replace('.yaml', '.test.yaml'), tests);
    await type('  - id: chatty\n    when: output.lines > 2\n    action: alert\n');
    await give('it is loud', 'Put nightly.yaml in force');
    await dialog()
      .getByText(/Refused; what was in force stays/)
      .waitFor();
    expect(readFileSync(file, 'utf8')).to.equal(before);
    rmSync(file.replace('.yaml', '.test.yaml'));
    await dialog().getByRole('button', { name: 'Leave it as it is' }).click();
    await page.getByRole('button', { name: 'Undo all' }).click();
  });

  it('is written for the next run when no job is left, says so, and is held against what its file says', async () => {
    expect((await forge.run('stop', '-f', 'state:running', '--grace', '0s')).code).to.equal(0);
    await page.getByText('○ no live run follows it').waitFor();
    await page.getByRole('button', { name: 'Judge the last 7 days by this text' }).click();
    await page.getByRole('columnheader', { name: 'as it is' }).waitFor();
    await type('  - id: late\n    when: output.lines > 90000\n    action: alert\n');
    await dialog().getByText('No live run follows it: the next run that does is judged by it.').waitFor();
    await give('for tomorrow', 'Put nightly.yaml in force');
    await dialog()
      .getByText(/No live run follows it; the next one is judged by it,/)
      .waitFor();
    expect(readFileSync(file, 'utf8')).to.contain('- id: late');
    const [applied] = await history();
    expect(applied).to.deep.include({ kind: 'policy-applied', reason: 'for tomorrow', runs: [] });
    await dialog().getByRole('button', { name: 'Close' }).click();
    const back = applied?.kind === 'policy-applied' ? applied.previousHash : '';
    await page
      .getByRole('button', { name: `Back to ${back.slice(0, 8)}…` })
      .first()
      .click();
    await give('not yet', /back in force/);
    await dialog()
      .getByText(/the next one is judged by it,/)
      .waitFor();
    expect((await active()).map(({ hash, runIds }) => ({ hash, runIds }))).to.deep.equal([{ hash: back, runIds: [] }]);
  });
});
