import { expect } from 'chai';
import { claudeDid, codexRan, judgedStream, type Told, times } from './judged-stream.ts';

const minute = 60_000;
const iso = (ms: number): string => new Date(1_790_000_000_000 + ms).toISOString();
/** Puts the records of each session at their time. */
const at = (ms: number, records: readonly Told[]): readonly Told[] =>
  records.map((record) => ({ ...record, timestamp: iso(ms) }));

const begun = (session: number): Told => ({
  type: 'system',
  subtype: 'init',
  session_id: `visit-${session}`,
  model: 'claude-haiku-4-5',
});
const said = (session: number, text: string): Told => ({
  type: 'assistant',
  message: { id: `words-${session}`, content: [{ type: 'text', text }] },
});
const level = (sessions: readonly Told[]) => judgedStream(sessions, { detector: 'repeated-session', clock: 'record' });

describe('sessions that are started one after the other', () => {
  it('are warned of when each says what the one before said', () => {
    const visits = (count: number) =>
      times(count + 1, (i) => at(i * 5_000, [begun(i), said(i, 'All beds are weeded.')]));
    expect(level(visits(4))).to.equal('observe');
    expect(level(visits(5))).to.equal('warn');
    expect(level(visits(30))).to.equal('warn');
  });

  it('are warned of when each asks and is told the same', () => {
    const visits = times(7, (i) =>
      at(i * 5_000, [
        begun(i),
        ...claudeDid(`look-${i}`, 'Bash', { input: { command: 'cat PLAN' }, output: 'all done' }),
      ]),
    );
    expect(level(visits)).to.equal('warn');
  });

  it('are warned of when Codex is started over and over', () => {
    const visits = times(7, (i) =>
      at(i * 5_000, [
        { type: 'thread.started', thread_id: `visit-${i}` },
        ...codexRan('item_0', 'rake test', { output: '1 failure', code: 1 }),
      ]),
    );
    expect(level(visits)).to.equal('warn');
  });

  it('are work where each finds or does something else', () => {
    const visits = times(12, (i) => at(i * 5_000, [begun(i), said(i, `Bed ${i} is weeded.`)]));
    expect(level(visits)).to.equal('none');
    const changes = times(12, (i) =>
      at(i * 5_000, [
        begun(i),
        ...claudeDid(`sow-${i}`, 'Edit', { input: { path: 'bed', row: 'beans' }, output: 'sown' }),
      ]),
    );
    expect(level(changes)).to.equal('none');
  });

  it('are a timetable where the next begins long after the last has ended', () => {
    const visits = times(12, (i) => at(i * 10 * minute, [begun(i), said(i, 'Nothing came in.')]));
    expect(level(visits)).to.equal('none');
  });
});
