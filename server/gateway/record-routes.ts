import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { RunSurvivors, VerifyReply } from '#protocol/gateway-api';
import { isOver } from '#protocol/run-state';
import type { RunView } from '#protocol/views';
import { audited } from './audit.ts';
import { findSurvivors } from './find-survivors.ts';
import { json, nothing, type Route, refused, route } from './route.ts';
import type { Site } from './site.ts';

/** Proofs about the record itself. */
export const recordRoutes: readonly Route[] = [
  route({
    method: 'get',
    paths: ['/v1/verify'],
    door: 'key',
    summary: 'Read the whole record: the chain of hashes, the counts, and runs with processes that outlived their end.',
    returns: 'VerifyReply',
    params: nothing,
    query: nothing,
    body: nothing,
    handle: async (_call, site) => json(await verify(site)),
  }),
  route({
    method: 'post',
    paths: ['/v1/backup'],
    door: 'owner',
    summary: 'Write a copy of the record to a new file; it opens by itself.',
    returns: '{ file }',
    params: nothing,
    query: nothing,
    body: z.strictObject({ file: z.string().min(1).max(4096) }),
    handle: (call, site) =>
      audited(site, { call, action: 'backup', target: call.body.file, runId: null, reason: '' }, async () => {
        const { file } = call.body;
        if (!path.isAbsolute(file) || existsSync(file) || !existsSync(path.dirname(file)))
          return refused({
            status: 400,
            code: 'invalid',
            detail: `${file}: expected an absolute path of a file that does not exist, in a directory that does`,
            hint: 'name another file; nothing was written',
          });
        await site.ledger.backup(file);
        return json({ file }, 201);
      }),
  }),
];

const verify = async (site: Site): Promise<VerifyReply> => {
  const chain = await site.ledger.verify();
  const found = await findSurvivors(site.status().home, site.fleet.view);
  const views = site.fleet.views();
  const isFound = (view: RunView): boolean => found.some(({ runId }) => runId === view.runId);
  return {
    chain,
    waitingFacts: site.feed.unconfirmed().length,
    liveRuns: views.filter((view) => !isOver(view.state)).length,
    unsettledRuns: views.filter((view) => isOver(view.state) && !view.settled).map(({ runId }) => runId),
    survivors: [...found, ...views.filter((view) => view.survivors > 0 && !isFound(view)).map(toldOf)],
  };
};

const toldOf = ({ runId, survivors }: RunView): RunSurvivors => ({ runId, survivors, processes: [] });
