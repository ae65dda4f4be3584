import { seal } from '#coordinator/seal';
import { type Fact, genesisHash, type SealedFact } from '#protocol/facts';
import { openLedger } from '#record/ledger';

/** Appends batches of facts to the ledger of a home, and prints the newest seq each time one was taken. */
const [home = '', batch = '50'] = process.argv.slice(2);
const ledger = await openLedger(home);
process.stdout.write('open\n');
let head = { seq: 0, hash: genesisHash };
for (;;) {
  const sealed: SealedFact[] = [];
  for (let i = 0; i < Number(batch); i += 1) {
    const seq = head.seq + 1;
    const fact: Fact = { seq, id: String(seq), atMs: seq, kind: 'ledger-trouble', why: `fact ${seq}`, lostFrom: null };
    const one = seal(fact, head.hash);
    sealed.push(one);
    head = { seq, hash: one.hash };
  }
  await ledger.append(sealed);
  process.stdout.write(`${head.seq}\n`);
}
