import { expect } from 'chai';
import { openWindow } from '#policy/budget-window';
import { SpendBook, type SpendReading } from '#policy/spend-book';
import { parseRunId } from '#protocol/ids';
import { nothingSpent } from '#protocol/spending';

const [one, two] = [parseRunId('01HF7YAT00ABCDEFGHJKMNPQRS'), parseRunId('01HF7YAT00ABCDEFGHJKMNPQRT')];
const at = (day: number, hour: number, minute = 0): number => new Date(2031, 4, day, hour, minute).getTime();
const total = (usd: number, more: Partial<SpendReading> = {}): SpendReading => ({
  micros: Math.round(usd * 1e6),
  tokens: Math.round(usd * 1000),
  basis: 'reported',
  burnMicros: 0,
  goesOn: true,
  ...more,
});
const night = { from: '23:00', to: '07:00' };
const bookOf = (): SpendBook => new SpendBook(nothingSpent.state);
const dollars = (book: SpendBook, atMs: number): Record<string, unknown> => {
  book.begin(atMs);
  return book.signals(one, night);
};

describe('the windows of a budget', () => {
  it('open by the clock on the wall', () => {
    const now = at(7, 13, 37); // a Wednesday
    expect(openWindow('hour', now)).to.deep.equal({ fromMs: at(7, 13), untilMs: at(7, 14) });
    expect(openWindow('day', now)).to.deep.equal({ fromMs: at(7, 0), untilMs: at(8, 0) });
    expect(openWindow('week', now)).to.deep.equal({ fromMs: at(5, 0), untilMs: at(12, 0) });
    expect(openWindow('month', now)?.fromMs).to.equal(at(1, 0));
  });

  it('go over midnight, and are closed between two nights', () => {
    const tonight = { fromMs: at(7, 23), untilMs: at(8, 7) };
    expect(openWindow(night, at(7, 23))).to.deep.equal(tonight);
    expect(openWindow(night, at(8, 6, 59))).to.deep.equal(tonight);
    expect(openWindow(night, at(8, 7))).to.equal(null);
    expect(openWindow({ from: '09:00', to: '17:30' }, at(8, 17, 29))?.fromMs).to.equal(at(8, 9));
  });
});

describe('the spending of all jobs', () => {
  it('adds what each has spent since it was looked at last, and starts again when a window does', () => {
    const book = bookOf();
    book.note(one, total(2), at(7, 22, 10));
    book.note(two, total(3, { basis: 'computed' }), at(7, 22, 20));
    book.note(one, total(6), at(7, 23, 5));
    expect(dollars(book, at(7, 23, 6))).to.include({
      'fleet.usd_hour': 4,
      'fleet.usd_day': 9,
      'fleet.usd_window': 4,
      'fleet.tokens_day': 9000,
      'fleet.basis': 'computed',
    });
    book.note(two, total(4), at(8, 1));
    const later = dollars(book, at(8, 1, 1));
    expect(later).to.include({ 'fleet.usd_day': 1, 'fleet.usd_window': 5, 'fleet.usd_week': 10 });
    expect(dollars(book, at(8, 7))).to.not.have.property('fleet.usd_window');
  });

  it('holds all runs of one tick against the same sum', () => {
    const book = bookOf();
    book.note(one, total(1), at(7, 12));
    const before = dollars(book, at(7, 12, 1));
    book.note(two, total(5), at(7, 12, 1));
    expect(book.signals(two, night)['fleet.usd_day']).to.equal(before['fleet.usd_day']);
  });

  it('goes on from what was kept, and counts nothing twice', () => {
    const book = bookOf();
    book.note(one, total(2), at(7, 12));
    const next = new SpendBook(JSON.parse(JSON.stringify(book.toState())));
    expect(next.totalOf(one)?.micros).to.equal(2e6);
    next.note(one, total(2), at(7, 12, 1));
    next.note(one, total(3.5), at(7, 12, 2));
    expect(dollars(next, at(7, 12, 3))['fleet.usd_day']).to.equal(3.5);
  });

  it('keeps a month in quarters of an hour, and no sum of it changes', () => {
    const book = bookOf();
    for (let minute = 0; minute < 24 * 60; minute++) book.note(one, total(minute / 100), at(1, 0, minute));
    const before = dollars(book, at(2, 0))['fleet.usd_month'];
    expect(dollars(book, at(6, 0))['fleet.usd_month']).to.equal(before);
    expect(book.toState().entries.length).to.equal(24 * 4);
    book.begin(new Date(2031, 6, 1).getTime());
    expect(book.toState().entries).to.deep.equal([]);
  });

  it('takes the last word of an agent, also when it is less than what was counted', () => {
    const book = bookOf();
    book.note(one, total(5, { basis: 'computed' }), at(7, 12));
    book.note(one, total(3), at(7, 12, 1));
    expect(dollars(book, at(7, 12, 2))['fleet.usd_day']).to.equal(3);
  });

  it('names the dearest run, and the next one only a while after that was paused', () => {
    const book = bookOf();
    const spend = (atMs: number, pausedOne: boolean): boolean[] => {
      book.note(one, total(5, { burnMicros: 9, goesOn: !pausedOne }), atMs);
      book.note(two, total(4, { burnMicros: 5 }), atMs);
      book.begin(atMs);
      return [one, two].map((runId) => book.signals(runId, null)['fleet.top_burner'] === 1);
    };
    const start = at(7, 12);
    expect(spend(start, false)).to.deep.equal([true, false]);
    expect(spend(start + 1000, true)).to.deep.equal([true, false]);
    expect(spend(start + 20_000, true)).to.deep.equal([true, false]);
    expect(spend(start + 31_000, true)).to.deep.equal([false, true]);
  });
});
