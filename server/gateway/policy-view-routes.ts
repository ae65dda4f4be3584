import { Piscina } from 'piscina';
import { z } from 'zod';
import { compilePolicy } from '#policy/compile-policy';
import { policyJsonSchema } from '#policy/policy-schema';
import { PolicyProblem } from '#policy/problem';
import type { PolicyText } from '#protocol/messages';
import type { CheckPolicyReply, PoliciesReply, TestPolicyReply } from '#protocol/policy-views';
import { draftOf, listPolicies } from './policy-catalogue.ts';
import { matchesOf } from './policy-matches.ts';
import { outlineOf } from './policy-outline.ts';
import { json, nothing, type Route, refused, route } from './route.ts';
import { foldRuleRecords, recordedDays, recordedKinds } from './rule-records.ts';
import { createSeats } from './seats.ts';
import type { Site } from './site.ts';

const mostFacts = 10_000;
const dayMs = 86_400_000;
// The compiler's own bound is tighter and answers with a place; this only keeps the parser of the body at work.
const bodyLimitBytes = 1_048_576;
const testDeadlineMs = 20_000;

const draft = { text: z.string(), key: z.string().max(4200).optional() };
const get = { method: 'get', door: 'key', params: nothing, query: nothing, body: nothing } as const;
const testSeats = createSeats({ inAll: 2, perPeer: 2 });

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
    handle: async ({ body }, site) => json(check(await draftOf(site, body), site)),
  }),
  route({
    ...get,
    method: 'post',
    paths: ['/v1/policies/test'],
    summary: 'Play a test file against a text.',
    returns: 'TestPolicyReply',
    bodyLimitBytes,
    body: z.strictObject({ ...draft, tests: z.string() }),
    handle: async ({ body }, site) => {
      const release = testSeats.take('tests');
      if (release === null) {
        return refused({
          status: 429,
          code: 'too-many-tests',
          detail: 'Two policies are being tested already.',
          hint: 'Try again in a moment.',
        });
      }
      try {
        return json(await playTests({ policy: await draftOf(site, body), tests: body.tests }));
      } finally {
        release();
      }
    },
  }),
];

const describeAll = async (site: Site): Promise<PoliciesReply> => {
  const nowMs = site.clock.now();
  const entries = await site.ledger.ofKinds(recordedKinds, mostFacts);
  const oldest = entries.length < mostFacts ? 0 : (entries.at(-1)?.atMs ?? 0);
  return {
    items: await listPolicies(site),
    records: foldRuleRecords(entries.map(({ fact }) => fact).reverse(), nowMs),
    recordsSinceMs: Math.max(oldest, nowMs - recordedDays * dayMs),
  };
};

const check = (policy: PolicyText, site: Site): CheckPolicyReply => {
  try {
    const compiled = compilePolicy(policy);
    return { kind: 'good', outline: outlineOf(compiled, policy.files), matches: matchesOf(compiled, site.fleet) };
  } catch (error) {
    if (error instanceof PolicyProblem) return { kind: 'refused', problems: error.problems };
    throw error;
  }
};

const playTests = async (task: { readonly policy: PolicyText; readonly tests: string }): Promise<TestPolicyReply> => {
  const pool = new Piscina<typeof task, TestPolicyReply>({
    filename: new URL('./policy-test-task.js', import.meta.url).href,
    maxThreads: 1,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  try {
    return await pool.run(task, { signal: AbortSignal.timeout(testDeadlineMs) });
  } finally {
    await pool.destroy();
  }
};
