import { z } from 'zod';
import type { Answer } from '#protocol/control';
import type { PolicyChange, PolicyWish } from '#protocol/policies';
import { audited } from './audit.ts';
import { actorOf } from './authenticate.ts';
import { toReply } from './command-routes.ts';
import { type Call, json, nothing, type Reply, type Route, route } from './route.ts';
import { runIdText } from './shapes.ts';
import type { Site } from './site.ts';

const wish = { reason: z.string().max(500).default(''), accept: z.boolean().default(false) };
const applyBody = z.strictObject({
  source: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('shipped'), name: z.string().min(1).max(100) }),
    z.strictObject({ kind: z.literal('file'), path: z.string().startsWith('/').max(4096) }),
  ]),
  runs: z.union([z.enum(['followers', 'all']), z.array(runIdText).min(1)]).default('followers'),
  ...wish,
});
const rollbackBody = z.strictObject({
  key: z.string().min(1).max(4200),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  ...wish,
});
const historyQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(100) });

export const policyRoutes: readonly Route[] = [
  route({
    method: 'get',
    paths: ['/v1/policies/active'],
    door: 'key',
    summary: 'The policies that live runs follow, and why what lies in their files is not in force, where it is not.',
    returns: 'ActivePolicy[]',
    params: nothing,
    query: nothing,
    body: nothing,
    handle: async (_, { coordinator }) => json(await coordinator.activePolicies()),
  }),
  route({
    method: 'get',
    paths: ['/v1/policies/history'],
    door: 'key',
    summary: 'Every switch, refusal, hold and reminder, newest first.',
    returns: 'Page<TimelineEntry>',
    params: nothing,
    query: historyQuery,
    body: nothing,
    handle: async ({ query }, { ledger }) =>
      json({
        items: await ledger.ofKinds(['policy-applied', 'policy-refused', 'policy-held', 'shadow-overdue'], query.limit),
        nextCursor: null,
      }),
  }),
  // Policies come from files of the user; a key may not point the daemon at any.
  route({
    method: 'post',
    paths: ['/v1/policies/apply'],
    door: 'owner',
    summary: 'Check a policy and put it in force for running jobs.',
    returns: 'PolicyChange',
    params: nothing,
    query: nothing,
    body: applyBody,
    handle: (call, site) => {
      const target = call.body.source.kind === 'file' ? call.body.source.path : call.body.source.name;
      return changed(site, { call, action: 'policy-apply', target, ...call.body }, (asked) =>
        site.coordinator.applyPolicy({ ...call.body, ...asked }),
      );
    },
  }),
  route({
    method: 'post',
    paths: ['/v1/policies/rollback'],
    door: 'key',
    summary: 'Put an earlier text of a policy back in force; its file is left as it is.',
    returns: 'PolicyChange',
    params: nothing,
    query: nothing,
    body: rollbackBody,
    handle: (call, site) =>
      changed(site, { call, action: 'policy-rollback', target: call.body.key, ...call.body }, (asked) =>
        site.coordinator.rollbackPolicy({ ...call.body, ...asked }),
      ),
  }),
];

const changed = (
  site: Site,
  what: {
    readonly call: Call<unknown, unknown, unknown>;
    readonly action: string;
    readonly target: string;
    readonly reason: string;
    readonly accept: boolean;
  },
  ask: (wish: PolicyWish) => Promise<Answer<PolicyChange>>,
): Promise<Reply> => {
  const { call, action, target, reason, accept } = what;
  return audited(site, { call, action, target, runId: null, reason }, async () => {
    const by = actorOf(call.principal);
    return toReply(await ask({ by, who: `asked for over the ${by}`, reason, accept }), 200, (change) => change);
  });
};
