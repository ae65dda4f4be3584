import { z } from 'zod';
import { policyJsonSchema } from '#policy/policy-schema';
import type { PoliciesReply } from '#protocol/policy-views';
import { gatherEvidence } from './gather-evidence.ts';
import { draftOf, listPolicies, policyNamer } from './policy-catalogue.ts';
import { judgedRuns } from './policy-matches.ts';
import { json, nothing, type Route, route } from './route.ts';
import { foldRuleRecords, recordedDays, recordedKinds } from './rule-records.ts';
import type { Site } from './site.ts';

const mostFacts = 10_000;
const dayMs = 86_400_000;
// The compiler's own bound is tighter and answers with a place; this only keeps the parser of the body at work.
const bodyLimitBytes = 1_048_576;

const draft = { text: z.string(), key: z.string().max(4200).optional() };
const get = { method: 'get', door: 'key', params: nothing, query: nothing, body: nothing } as const;

/** Policies to look at, to check and to test. Nothing here changes what judges a run. */
export const policyViewRoutes: readonly Route[] = [
  route({
    ...get,
    paths: ['/v1/policies'],
    summary: 'The policies that ship and those that live runs follow: texts, rules, and what became of each rule.',
    returns: 'PoliciesReply',
    handle: async (_call, site) => json(await describeAll(site)),
  }),
  route({
    ...get,
    paths: ['/v1/policies/evidence'],
    summary:
      'What speaks for letting each rule act: its firings and verdicts under its present condition, and since when.',
    returns: 'RuleEvidence[]',
    handle: async (_call, site) => json(await gatherEvidence(site)),
  }),
  route({
    ...get,
    paths: ['/v1/policies/schema'],
    summary: 'The JSON schema of a policy file, for editors.',
    returns: 'JSON Schema 2020-12',
    handle: () => json(policyJsonSchema()),
  }),
  route({
    ...get,
    method: 'post',
    paths: ['/v1/policies/check'],
    summary: 'Whether a text is a good policy, and which live runs it would judge.',
    returns: 'CheckPolicyReply',
    bodyLimitBytes,
    body: z.strictObject(draft),
    handle: async ({ body }, site) => json(await site.bench.check(await draftOf(site, body), judgedRuns(site.fleet))),
  }),
  route({
    ...get,
    method: 'post',
    paths: ['/v1/policies/test'],
    summary: 'Play a test file against a text.',
    returns: 'TestPolicyReply',
    bodyLimitBytes,
    body: z.strictObject({ ...draft, tests: z.string() }),
    handle: async ({ body }, site) => json(await site.bench.test(await draftOf(site, body), body.tests)),
  }),
];

const describeAll = async (site: Site): Promise<PoliciesReply> => {
  const nowMs = site.clock.now();
  const entries = await site.ledger.ofKinds(recordedKinds, mostFacts);
  const oldest = entries.length < mostFacts ? 0 : (entries.at(-1)?.atMs ?? 0);
  return {
    items: await listPolicies(site),
    records: foldRuleRecords(entries.map(({ fact }) => fact).reverse(), { nowMs, nameOf: policyNamer(site) }),
    recordsSinceMs: Math.max(oldest, nowMs - recordedDays * dayMs),
  };
};
