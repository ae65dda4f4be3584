import { z } from 'zod';
import type { PolicyChange } from '#protocol/policies';
import { audited } from './audit.ts';
import { toReply } from './command-routes.ts';
import { draftOf, knownHash } from './policy-catalogue.ts';
import { judgedRuns } from './policy-matches.ts';
import { json, nothing, type Route, refused, route } from './route.ts';

/** Writing policies from the dashboard. A bare key may not: it names no person, and a policy is what holds jobs back. */
export const policySaveRoutes: readonly Route[] = [
  route({
    method: 'post',
    paths: ['/v1/policies/save'],
    door: 'key',
    summary:
      'Check the new text of a policy that judges runs here; where nothing speaks against it, write its file and put it in force.',
    returns: 'PolicyChange',
    bodyLimitBytes: 1_048_576,
    params: nothing,
    query: nothing,
    body: z.strictObject({
      key: z.string().startsWith('file:/').max(4200),
      baseHash: z.string().regex(/^[0-9a-f]{64}$/),
      text: z.string(),
      reason: z.string().min(1).max(500),
      accept: z.boolean().default(false),
    }),
    handle: (call, site) => {
      const { key, baseHash, text, reason, accept } = call.body;
      return audited(site, { call, action: 'policy-save', target: key, runId: null, reason }, async (by) => {
        if (call.principal.kind !== 'session' && call.principal.kind !== 'owner') return refused(personsOnly);
        const hash = await knownHash(site, key);
        if (hash === null) return refused(notKnown(key));
        if (hash !== baseHash) return refused(movedOn(hash));
        const checked = await site.bench.check(await draftOf(site, { text, key }), judgedRuns(site.fleet));
        if (checked.kind === 'refused') {
          const [first] = checked.problems;
          const problem = `${first?.path}:${first?.line}:${first?.column}: ${first?.message}`;
          return json({ kind: 'refused', problem, keptHash: hash } satisfies PolicyChange);
        }
        const path = key.slice('file:'.length);
        const wish = { by, who: 'the dashboard', reason, accept, runs: 'followers' } as const;
        const answer = await site.coordinator.applyPolicy({ source: { kind: 'draft', path, text }, ...wish });
        return toReply(answer, 200, (change) => change);
      });
    },
  }),
];

const personsOnly = {
  status: 403,
  code: 'session-only',
  detail: 'A policy is saved from the dashboard, or by the user who runs the daemon.',
  hint: 'Open the dashboard with `flowforge dashboard --open`.',
};

const notKnown = (key: string) => ({
  status: 404,
  code: 'not-found',
  detail: `No run was judged by ${key} here.`,
  hint: 'Edit the file itself; a run that starts reads it.',
});

const movedOn = (hash: string) => ({
  status: 409,
  code: 'conflict',
  detail: `Another text is in force meanwhile (${hash.slice(0, 8)}).`,
  hint: 'Load the page again and make the change on what is in force now.',
});
