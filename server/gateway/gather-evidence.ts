import { openPolicyStore, type PolicyStore } from '#config/policy-store';
import type { Fact } from '#protocol/facts';
import type { ActivePolicy } from '#protocol/policies';
import type { PolicyOutline, RuleEvidence } from '#protocol/policy-views';
import { evidenceKinds, foldRuleEvidence, type InForce } from './rule-evidence.ts';
import type { Site } from './site.ts';

const mostFacts = 10_000;
/** Of each policy; beyond that a rule counts as younger than it is, which only makes its evidence thinner. */
const mostTexts = 24;

/** What speaks for letting rules act: of each policy that ever judged and whose text is kept. */
export const gatherEvidence = async (site: Site): Promise<readonly RuleEvidence[]> => {
  const store = openPolicyStore(site.status().home);
  const entries = await site.ledger.ofKinds(evidenceKinds, mostFacts);
  const facts = entries.map(({ fact }) => fact).reverse();
  const active = await site.coordinator.activePolicies();
  const pasts = pastsOf(facts, { store, active, nowMs: site.clock.now() });
  const evidence: RuleEvidence[] = [];
  // One after the other: the thread that reads policies takes few at a time.
  for (const [, inForce] of pasts) {
    const outlines = new Map<string, PolicyOutline>();
    const recent = [...new Set(inForce.map(({ hash }) => hash).reverse())].slice(0, mostTexts);
    for (const hash of recent) {
      const text = store.find(hash);
      const outline = text === null ? null : (await site.bench.outline(text)).outline;
      if (outline !== null) outlines.set(hash, outline);
    }
    evidence.push(...foldRuleEvidence(facts, { inForce, outlineOf: (hash) => outlines.get(hash) ?? null }));
  }
  return evidence;
};

/**
 * By the name of the policy: when each of its texts was seen to judge. It is told by the switch to it, by what fired under
 * it, by the first time that it was kept, and by the runs that follow it now.
 */
const pastsOf = (
  facts: readonly Fact[],
  known: { readonly store: PolicyStore; readonly active: readonly ActivePolicy[]; readonly nowMs: number },
): ReadonlyMap<string, readonly InForce[]> => {
  const kept = known.store.list().map(({ hash, sinceMs }) => ({ atMs: sinceMs, hash }));
  const seen = facts.flatMap((fact): readonly InForce[] => {
    if (fact.kind === 'policy-applied') return [{ atMs: fact.atMs, hash: fact.hash }];
    return fact.kind === 'incident-opened' ? [{ atMs: fact.atMs, hash: fact.policyHash }] : [];
  });
  const followed = known.active.map(({ hash }) => ({ atMs: known.nowMs, hash }));
  const names = new Map<string, string | null>();
  const pasts = new Map<string, InForce[]>();
  for (const one of [...kept, ...seen].sort((a, b) => a.atMs - b.atMs).concat(followed)) {
    const name = names.get(one.hash) ?? known.store.find(one.hash)?.name ?? null;
    names.set(one.hash, name);
    if (name !== null) pasts.set(name, [...(pasts.get(name) ?? []), one]);
  }
  return pasts;
};
