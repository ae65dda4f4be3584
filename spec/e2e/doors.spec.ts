import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { expect } from 'chai';
import type { Browser, BrowserContext } from 'playwright-core';
import { allRoutes } from '#gateway/app';
import type { TimelineEntry } from '#protocol/views';
import { launchBrowser } from '../client/browser.ts';
import { apiKey, createForge, type Forge, script } from './flowforge.ts';
import { type ForeignPage, serveForeignPage } from './foreign-page.ts';

describe('the doors of a real daemon', function () {
  this.timeout(120_000);
  let forge: Forge;
  let daemon = '';
  before(async () => {
    forge = createForge();
    const printer = ['python3', script('prints_lines.py'), '--rate', '5', '--count', '100000', '--timeout', '110'];
    for (const name of ['wanted', 'unwanted'])
      expect((await forge.run('run', '--detach', '--name', name, '--', ...printer)).code).to.equal(0);
    daemon = `http://127.0.0.1:${(await forge.status()).port}`;
  });
  after(() => forge.end());

  it('open on no route under a foreign Host name, with the right key in hand', async () => {
    const { runId } = await forge.inspect('wanted');
    const ways = allRoutes('0').flatMap(({ method, paths }) =>
      paths.map((path) => [method.toUpperCase(), path.replace(':id', runId)] as const),
    );
    const answers = await Promise.all(
      [...ways, ['GET', '/'] as const].map(([method, path]) =>
        statusOf(daemon, { method, path, host: 'evil.example' }),
      ),
    );
    const polling = { method: 'GET', path: '/socket.io/?EIO=4&transport=polling' };
    expect(await statusOf(daemon, { ...polling, host: 'evil.example' })).to.be.within(400, 499);
    expect(await statusOf(daemon, { ...polling, host: daemon.replace('http://', '') })).to.equal(200);
    expect(answers).to.have.length.greaterThan(30);
    expect(new Set(answers)).to.deep.equal(new Set([421]));
    expect((await forge.inspect('wanted')).state).to.equal('running');
  });

  it('give /stream to whoever shows the key, as curl would', async () => {
    const reply = await fetch(`${daemon}/stream`, { headers: { authorization: `Bearer ${apiKey}` } });
    expect(reply.headers.get('content-type')).to.equal('text/event-stream');
    const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!/event: tick\ndata: \{"atMs":\d+,"rows":\[\[/.test(text)) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();
    expect(text.startsWith('retry: ')).to.equal(true);
  });

  it('give metrics that promtool has nothing to say against', async function () {
    const metrics = await (await forge.get('/metrics')).text();
    const checked = await promtool(metrics);
    if (checked === null) {
      if (process.env.FLOWFORGE_REQUIRE_BROWSER === '1') throw new Error('promtool is not installed');
      console.log('      SKIPPED: there is no promtool (apt-get install prometheus)');
      return this.skip();
    }
    expect(checked).to.deep.equal({ code: 0, said: '' });
    expect(metrics).to.match(/^flowforge_\w*runs\w*(\{.*\})? 2$/m);
  });

  describe('in a browser that is signed in', () => {
    let browser: Browser;
    let context: BrowserContext;
    let foreign: ForeignPage;
    before(async function () {
      browser = await launchBrowser(this);
      foreign = await serveForeignPage();
      context = await browser.newContext();
      const page = await context.newPage();
      const ticket = (await forge.run('dashboard')).stdout.trim();
      expect(ticket)
        .to.match(/^http:\/\/127\.0\.0\.1:\d+\/enter\?ticket=[\w-]+$/)
        .and.not.contain(apiKey);
      await page.goto(ticket);
      expect(page.url()).to.equal(`${daemon}/`);
      await page.goto(ticket);
      expect(await page.content(), 'a ticket opens once').to.contain('stale-ticket');
      await page.close();
    });
    after(async () => {
      await browser?.close();
      await foreign?.close();
    });

    it('tell a page of another origin nothing, and stop nothing for it', async () => {
      const { runId } = await forge.inspect('wanted');
      const page = await context.newPage();
      await page.goto(foreign.url);
      const seen = await page.evaluate<Record<string, string>>(`attack(${JSON.stringify({ daemon, runId })})`);
      // A frame loads whatever came; what that was is looked at below.
      const { formPlain, formEncoded, ...tries } = seen;
      expect(tries).to.deep.equal(Object.fromEntries(Object.keys(tries).map((name) => [name, 'refused'])));
      expect(Object.keys(tries)).to.have.length(12);
      expect([formPlain, formEncoded]).to.deep.equal(['loaded', 'loaded']);
      const frames = page.frames().filter((frame) => frame.url().startsWith(daemon));
      const texts = await Promise.all(frames.map((frame) => frame.content()));
      expect(texts.join()).to.not.contain(runId);
      await page.close();
      expect((await forge.inspect('wanted')).state).to.equal('running');
      const { items } = (await (await forge.get('/v1/timeline?limit=500')).json()) as { items: TimelineEntry[] };
      const taken = items.filter(({ fact }) => fact.kind === 'audit-recorded' && fact.outcome === 'accepted');
      expect(taken.map(({ text }) => text).join()).to.not.contain('another page');
    });

    it('show the live rows of real runs to the dashboard, and give its EventSource the stream', async () => {
      const page = await context.newPage();
      await page.goto(daemon);
      await page.getByRole('status').getByText('live', { exact: true }).waitFor();
      for (const name of ['wanted', 'unwanted']) {
        const { runId } = await forge.inspect(name);
        const row = page.locator(`[data-run="${runId}"]`);
        await row.waitFor();
        expect(await row.innerText()).to.contain(name);
        await row
          .getByText(/line \d+|\d+/)
          .first()
          .waitFor();
      }
      const tick = await page.evaluate<string>(`new Promise((resolve, reject) => {
        const source = new EventSource('/stream');
        source.addEventListener('tick', (event) => {
          source.close();
          resolve(event.data);
        });
        source.addEventListener('error', () => reject(new Error('the stream was refused')));
      })`);
      expect(JSON.parse(tick)).to.have.keys('atMs', 'rows');
      await page.close();
    });

    it('let its user stop a real job there, and show what came of it', async () => {
      const { runId, pid } = await forge.inspect('unwanted');
      const page = await context.newPage();
      await page.goto(`${daemon}/runs/${runId}`);
      await page.getByRole('button', { name: 'Stop…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Why? The record keeps it.').fill('nobody wants it');
      await dialog.getByRole('button', { name: 'Stop unwanted' }).click();
      await dialog.getByText('Done. Nothing of it is left running.').waitFor();
      const stopped = await forge.inspect('unwanted');
      expect(stopped).to.include({ state: 'stopped', stopCause: 'user', pid });
      expect(stopped.stopReason).to.contain('nobody wants it');
      await page.close();
    });
  });
});

const statusOf = (daemon: string, ask: { method: string; path: string; host: string }): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { host: ask.host, authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const asked = request(`${daemon}${ask.path}`, { method: ask.method, headers, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end(ask.method === 'POST' ? '{}' : undefined);
  });

/** Null where it is not installed. */
const promtool = (metrics: string): Promise<{ code: number | null; said: string } | null> =>
  new Promise((resolve) => {
    const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', () => resolve(null));
    child.on('close', (code) => resolve({ code, said }));
    child.stdin.end(metrics);
  });
