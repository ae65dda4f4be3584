import { createHash } from 'node:crypto';
import type { Fact, SealedFact } from '#protocol/facts';

/** The seal of a fact: its exact text and its place in the chain. */
export const seal = (fact: Fact, prevHash: string): SealedFact => {
  const text = JSON.stringify(fact);
  return { fact, text, prevHash, hash: createHash('sha256').update(`${prevHash}\n${text}`).digest('hex') };
};
