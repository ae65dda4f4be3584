import { type DataSource, MoreThan } from 'typeorm';
import { emptyHead, type Head, linkHash } from './chain.ts';
import { AnchorEntity, type AnchorRow, FactEntity, type FactRow } from './entities.ts';

/** `breaks` were known and told when they happened; anything else that is wrong is the first bad fact. */
export type Verdict =
  | { readonly kind: 'ok'; readonly facts: number; readonly lastSeq: number; readonly breaks: readonly AnchorRow[] }
  | { readonly kind: 'bad'; readonly seq: number; readonly why: string };

const pageSize = 1000;

/** Reads every fact from the first and follows the chain. `keptHead` is the head that was written beside the database. */
export const verifyChain = async (source: DataSource, keptHead: Head): Promise<Verdict> => {
  const breaks = await source.getRepository(AnchorEntity).find({ order: { seq: 'ASC' } });
  const breakAt = new Map(breaks.map((anchor) => [anchor.seq, anchor]));
  const facts = source.getRepository(FactEntity);
  let head = emptyHead;
  let count = 0;
  for (;;) {
    const rows = await facts.find({ where: { seq: MoreThan(head.seq) }, order: { seq: 'ASC' }, take: pageSize });
    for (const row of rows) {
      const why = faultOf(row, head, breakAt.get(row.seq));
      if (why !== null) return { kind: 'bad', seq: row.seq, why };
      head = { seq: row.seq, hash: row.hash };
      count += 1;
    }
    if (rows.length < pageSize) break;
    await new Promise(setImmediate);
  }
  const lost = breaks.find(({ seq }) => seq > head.seq);
  if (keptHead.seq > head.seq || lost !== undefined) {
    return {
      kind: 'bad',
      seq: head.seq + 1,
      why: `facts up to ${Math.max(keptHead.seq, lost?.seq ?? 0)} were written, but the ledger ends at ${head.seq}`,
    };
  }
  return { kind: 'ok', facts: count, lastSeq: head.seq, breaks };
};

const faultOf = (row: FactRow, head: Head, anchor: AnchorRow | undefined): string | null => {
  if (linkHash(row.prevHash, row.text) !== row.hash) return 'its text does not match its hash: it was altered';
  const follows = row.seq === head.seq + 1 && row.prevHash === head.hash;
  if (follows || anchor?.prevHash === row.prevHash) return null;
  return row.seq === head.seq + 1
    ? `it does not follow fact ${head.seq}: one of the two was replaced`
    : `facts ${head.seq + 1} to ${row.seq - 1} are gone`;
};
