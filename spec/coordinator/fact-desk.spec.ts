import { expect } from 'chai';
import { createFactDesk, type FactDesk } from '#coordinator/fact-desk';
import { type Journal, openJournal } from '#coordinator/journal';
import type { FactBody } from '#protocol/facts';
import type { FactDelivery } from '#protocol/messages';
import { createManualClock } from '#runtime/clock';
import { temporaryDirectory } from '../sampling/temporary-directory.ts';

const fact: FactBody = { kind: 'ledger-trouble', why: 'made up', lostFrom: null };

describe('the fact desk', () => {
  const directory = temporaryDirectory();
  let journal: Journal;
  beforeEach(() => {
    journal = openJournal(directory.path);
  });
  afterEach(() => journal.close());

  /** A gateway that confirms nothing until it is told to. */
  const open = () => {
    const clock = createManualClock();
    const told: number[][] = [];
    const confirms: (() => void)[] = [];
    const send = ({ sealed }: FactDelivery): Promise<void> => {
      told.push(sealed.map((one) => one.fact.seq));
      return new Promise((confirm) => confirms.push(confirm));
    };
    const desk = createFactDesk({ clock, journal, toGateway: { send }, onFact: () => undefined, failpoint: null });
    return { desk, clock, told, confirms };
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const sayInTurn = async (desk: FactDesk, times: number): Promise<void> => {
    for (let said = 0; said < times; said++) {
      desk.say(fact);
      await turn();
    }
  };

  it('lets what is said while the ledger is busy travel together', async () => {
    const { desk, told, confirms } = open();
    await sayInTurn(desk, 20);
    expect(told).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8].map((seq) => [seq]));
    confirms[0]?.();
    await turn();
    expect(told.at(-1)).to.deep.equal([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it('tells what happens while the ledger is stuck, soon and in order', async () => {
    const { desk, clock, told, confirms } = open();
    await sayInTurn(desk, 10);
    clock.advance(250);
    await turn();
    expect(told.flat()).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await sayInTurn(desk, 2);
    expect(told.flat(), 'at once, from then on').to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(journal.unconfirmed(), 'nothing is let go of before it is stored').to.have.length(12);
    for (const confirm of confirms) confirm();
    await turn();
    expect(journal.unconfirmed()).to.deep.equal([]);
  });
});
