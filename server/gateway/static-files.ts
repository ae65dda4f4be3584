import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Express } from 'express';
import { sendProblem } from './problem-details.ts';

/** The dashboard: files by name, and its one page for every address that a browser opens. It holds no data. */
export const serveDashboard = (app: Express, clientDir: string): void => {
  app.use(
    express.static(clientDir, {
      index: 'index.html',
      dotfiles: 'ignore',
      setHeaders: (response, path) => {
        response.setHeader(
          'cache-control',
          path.endsWith('.html') ? 'no-cache' : 'public, max-age=31536000, immutable',
        );
      },
    }),
  );
  app.get('/{*page}', (request, response, next) => {
    const isPage = request.accepts(['json', 'html']) === 'html' && !/^\/v1(\/|$)/.test(request.path);
    if (!isPage) {
      next();
      return;
    }
    response.setHeader('cache-control', 'no-cache');
    if (existsSync(join(clientDir, 'index.html'))) response.sendFile('index.html', { root: clientDir });
    else response.type('html').send(notBuilt);
  });
  app.use((request, response) => {
    sendProblem(response, {
      status: 404,
      code: 'unknown-route',
      detail: `There is no ${request.method} ${request.path}.`,
      hint: 'See /v1/openapi.json for what there is.',
    });
  });
};

const notBuilt =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>FlowForge</title><h1>FlowForge is running</h1><p>The dashboard is not built yet: run <code>npm run build</code>.</p></html>';
