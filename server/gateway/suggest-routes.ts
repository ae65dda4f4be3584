import { z } from 'zod';
import { suggestThresholds, toPolicyYaml } from '#policy/suggest-thresholds';
import type { SuggestReply } from '#protocol/policy-views';
import { runsSince } from './backtest-routes.ts';
import { replayKinds } from './replays.ts';
import { json, nothing, type Route, route } from './route.ts';
import { runIdText } from './shapes.ts';

const body = z.strictObject({ runs: z.array(runIdText).max(500).default([]), sinceMs: z.number().int().min(0) });

export const suggestRoutes: readonly Route[] = [
  route({
    method: 'post',
    paths: ['/v1/policies/suggest'],
    door: 'key',
    summary:
      'Thresholds that recorded healthy runs would have kept, with the false alarms to expect. No runs: all since then.',
    returns: 'SuggestReply',
    params: nothing,
    query: nothing,
    body,
    handle: async ({ body: { runs, sinceMs } }, site) => {
      const { ledger, recordings, replays, clock } = site;
      await recordings.settle(runs);
      const named = await Promise.all(
        runs.map(async (runId) => ({ runId, facts: await ledger.factsOf(runId, replayKinds) })),
      );
      const recorded = named.length > 0 ? named : await runsSince(site, sinceMs);
      const peaks = await replays.peaks(recorded);
      const suggestions = suggestThresholds(peaks);
      const yaml = toPolicyYaml(suggestions, { runs: peaks.length, atMs: clock.now() });
      return json({ asked: recorded.length, healthy: peaks.length, suggestions, yaml } satisfies SuggestReply);
    },
  }),
];
