import { createHash } from 'node:crypto';
import { genesisHash, type SealedFact } from '#protocol/facts';

/** The newest fact that is known: what the next one must follow. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

export const emptyHead: Head = { seq: 0, hash: genesisHash };

export const linkHash = (prevHash: string, text: string): string =>
  createHash('sha256').update(`${prevHash}\n${text}`).digest('hex');

/** A place where the chain was taken up again although what should stand before it is missing. */
export interface ChainBreak {
  readonly seq: number;
  readonly prevHash: string;
  readonly why: string;
}

/** @returns null where the fact follows the head. @throws TypeError when its own hash is wrong: it was damaged on the way. */
export const breakBefore = (sealed: SealedFact, head: Head): ChainBreak | null => {
  const { seq } = sealed.fact;
  if (linkHash(sealed.prevHash, sealed.text) !== sealed.hash)
    throw new TypeError(`fact ${seq} does not match its hash`);
  if (seq !== head.seq + 1) {
    return { seq, prevHash: sealed.prevHash, why: `facts ${head.seq + 1} to ${seq - 1} are not in the ledger` };
  }
  if (sealed.prevHash !== head.hash)
    return {
      seq,
      prevHash: sealed.prevHash,
      why: `fact ${head.seq} in the ledger is not the one that fact ${seq} follows`,
    };
  return null;
};
