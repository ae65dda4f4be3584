import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

export const clientDir = fileURLToPath(new URL('../../client/', import.meta.url));

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const usualPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Chromium, headless. Without one (or without a built dashboard) the suite is skipped in clear words, or fails where FLOWFORGE_REQUIRE_BROWSER=1. */
export const launchBrowser = async (suite: Mocha.Context): Promise<Browser> => {
  const named = process.env.FLOWFORGE_CHROMIUM;
  const candidates = named === undefined ? usualPaths : [named];
  const executablePath = candidates.find((path) => existsSync(path));
  const missing = [
    ...(executablePath === undefined
      ? [`there is no Chromium at ${candidates.join(' or ')} (FLOWFORGE_CHROMIUM names another)`]
      : []),
    ...(existsSync(`${clientDir}index.html`) ? [] : ['the dashboard is not built (npm run build:client)']),
  ].join(', and ');
  if (executablePath === undefined || missing !== '') {
    if (process.env.FLOWFORGE_REQUIRE_BROWSER === '1') throw new Error(`FLOWFORGE_REQUIRE_BROWSER=1, but ${missing}`);
    console.log(`      SKIPPED: ${missing}`);
    return suite.skip();
  }
  return chromium.launch({ executablePath, args: flags });
};

/** A person with a window of their own; every error, warning and policy violation in its console is kept. */
export interface Visitor {
  readonly page: Page;
  readonly complaints: readonly string[];
  /** Complaints that are the point of a spec. */
  forgive(pattern: RegExp): void;
  leave(): Promise<void>;
}

export interface Window {
  readonly size: { readonly width: number; readonly height: number };
  readonly scheme: 'light' | 'dark';
}

export const visit = async (browser: Browser | undefined, { size, scheme }: Window): Promise<Visitor> => {
  if (browser === undefined) throw new Error('expected the browser to be started before a visit');
  const context = await browser.newContext({ viewport: size, colorScheme: scheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return {
    page,
    complaints,
    forgive: (pattern) => {
      complaints.splice(0, complaints.length, ...complaints.filter((text) => !pattern.test(text)));
    },
    leave: () => context.close(),
  };
};
