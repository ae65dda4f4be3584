import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { resolvePaths } from '#config/paths';
import { readPolicyText } from '#config/policy-files';
import { openPolicyStore } from '#config/policy-store';
import { type RunningGateway, startGateway } from '../gateway/running-gateway.ts';
import { newRunId, requested, started } from '../record/told-facts.ts';
import { clientDir, launchBrowser, type Visitor, visit } from './browser.ts';
import { contrastFaults } from './contrast.ts';

const policiesDir = join(resolvePaths({}).packageRoot, 'policies');
const text = `apiVersion: flowforge/v1
kind: Policy
metadata:
  name: nightly
extends: [standard]
rules:
  - id: hot
    when: cpu.pct > 80
    action: alert
`;

describe('the policies page', function () {
  this.timeout(90_000);
  let browser: Browser | undefined;
  let home: string;
  let running: RunningGateway;
  let visitor: Visitor;
  let page: Page;
  let file: string;

  before(async function () {
    browser = await launchBrowser(this);
    home = mkdtempSync(join(tmpdir(), 'ff-policies-'));
    file = join(home, 'nightly.yaml');
    writeFileSync(file, text);
    const policy = readPolicyText({ kind: 'file', path: file, text }, policiesDir);
    openPolicyStore(home).keep(policy);
    const runId = newRunId();
    const key = `file:${file}`;
    running = await startGateway(home, {
      clientDir,
      coordinator: {
        activePolicies: async () => [{ key, name: policy.name, hash: policy.hash, runIds: [runId], problem: null }],
        applyPolicy: async (command) => {
          running.asked.push({ verb: 'apply', command });
          return { kind: 'done', value: { kind: 'applied', hash: 'a'.repeat(64), runs: 1, tests: 0, tookMs: 12 } };
        },
      },
    });
    await running.tell(requested(runId), started(runId));
  });
  after(async () => {
    await browser?.close();
    await running?.gateway.stop();
    if (home !== undefined) rmSync(home, { recursive: true, force: true });
  });

  const enter = async (scheme: 'light' | 'dark', width = 1440) => {
    visitor = await visit(browser, { size: { width, height: 900 }, scheme });
    page = visitor.page;
    const { body } = await running.post('/v1/tickets', {});
    const front = `http://127.0.0.1:${running.address.port}`;
    await page.goto(front + body.path);
    await page.getByRole('link', { name: 'Policies' }).click();
    await page.getByRole('link', { name: 'nightly.yaml' }).click();
    await page.locator('.cm-content').waitFor();
  };
  afterEach(async () => {
    await visitor?.leave();
    expect(visitor?.complaints ?? [], 'errors, warnings and policy violations in the console').to.deep.equal([]);
  });

  it('shows each rule, checks what is typed at its place, and completes signals with their unit', async () => {
    await enter('light');
    await page.locator('[data-rule="hot"]').waitFor();
    await page.locator('[data-rule="cpu-and-repeating"]').getByText('alert, stop after 4s').waitFor();
    await page.getByText('1 of 1 live run').waitFor();
    await page.getByText('cpu.pct > 80').first().click();
    await page.keyboard.press('End');
    await page.keyboard.type(' && mem.rsss > 5');
    await page
      .getByText(/unknown signal "mem.rsss"/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: /^8:\d+$/ }).waitFor();
    await page.locator('.cm-lintRange-error').waitFor();
    for (let typed = 0; typed < 'sss > 5'.length; typed++) await page.keyboard.press('Backspace');
    await page.keyboard.press('Control+Space');
    await page.locator('.cm-tooltip-autocomplete').getByText('mem.rss', { exact: true }).waitFor();
    await page.locator('.cm-completionDetail').getByText('bytes').first().waitFor();
    await page.keyboard.press('Escape');
  });

  it('asks for a new rule with a reason, in shadow first, and leaves the file to whoever puts it in force', async () => {
    await enter('dark');
    await page.getByText('cpu.pct > 80').first().click();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('  - id: eager\n    when: cpu.pct > 90\n    action: stop\n');
    await page.getByText('changed, not in force').waitFor();
    await page.getByText(/^\s*valid, \d+ rules/).waitFor();
    await page.getByRole('button', { name: 'Apply…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog
      .getByText('+ rollout: { mode: shadow }')
      .or(dialog.getByText('rollout: { mode: shadow }'))
      .first()
      .waitFor();
    await dialog.getByLabel('Why? The history keeps it.').fill('it eats the night');
    await dialog.getByRole('button', { name: 'Put nightly.yaml in force' }).click();
    await dialog.getByText(/In force for 1 run/).waitFor();
    const wanted = `${text}  - id: eager\n    rollout: { mode: shadow }\n    when: cpu.pct > 90\n    action: stop\n`;
    const asked = running.asked.find(({ verb }) => verb === 'apply')?.command;
    const source = { kind: 'draft', path: file, text: wanted };
    expect(asked).to.deep.include({ source, reason: 'it eats the night', accept: false });
    expect(readFileSync(file, 'utf8')).to.equal(text);
  });

  for (const [width, scheme] of [
    [1440, 'light'],
    [390, 'dark'],
  ] as const) {
    it(`can be read: every word has a contrast of 4.5 to 1 at ${width} px in the ${scheme} theme`, async () => {
      await enter(scheme, width);
      await page.getByText('1 of 1 live run').waitFor();
      expect(await contrastFaults(page)).to.deep.equal([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).to.be.at.most(0);
    });
  }
});
