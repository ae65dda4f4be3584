import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import express, { type Express, type RequestHandler } from 'express';
import { sendProblem } from './problem-details.ts';
import { styleNonceOf, withStyleNonce } from './style-nonce.ts';

/**
 * Addresses of the dashboard that are also paths of the API: a browser that opens one gets the page, a program the data.
 * Comes before the routes.
 */
export const servePages = (app: Express, clientDir: string): void => {
  app.get(['/', '/index.html', '/incidents', '/incidents/{*rest}'], givePage(clientDir));
};

/** The files of the dashboard by name, and its one page for every other address. It holds no data. Comes after the routes. */
export const serveDashboard = (app: Express, clientDir: string): void => {
  app.use(
    express.static(clientDir, {
      index: false,
      dotfiles: 'ignore',
      setHeaders: (response) => {
        response.setHeader('cache-control', 'public, max-age=31536000, immutable');
      },
    }),
  );
  app.get('/{*page}', givePage(clientDir));
  app.use((request, response) => {
    sendProblem(response, {
      status: 404,
      code: 'unknown-route',
      detail: `There is no ${request.method} ${request.path}.`,
      hint: 'See /v1/openapi.json for what there is.',
    });
  });
};

const givePage =
  (clientDir: string): RequestHandler =>
  async (request, response, next) => {
    const isFront = request.path === '/' || request.path === '/index.html';
    const wantsPage = isFront || (request.accepts(['json', 'html']) === 'html' && !/^\/v1(\/|$)/.test(request.path));
    if (!wantsPage) return next();
    response.setHeader('cache-control', 'no-cache').setHeader('vary', 'Accept');
    response.type('html').send(withStyleNonce(await readPage(clientDir), styleNonceOf(response)));
  };

const readPage = async (clientDir: string): Promise<string> => {
  try {
    return await readFile(join(clientDir, 'index.html'), 'utf8');
  } catch {
    return notBuilt; // there is no built dashboard in this checkout yet
  }
};

const notBuilt =
  '<!doctype html><html lang="en"><meta charset="utf-8"><head><title>FlowForge</title></head><h1>FlowForge is running</h1><p>The dashboard is not built yet: run <code>npm run build</code>.</p></html>';
