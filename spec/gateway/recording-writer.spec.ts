import { expect } from 'chai';
import { createRecordingWriter } from '#gateway/recording-writer';
import type { FactReport } from '#protocol/messages';
import { systemClock } from '#runtime/clock';

const batch = { atMs: 1, rows: [] };

describe('the writer of recordings', () => {
  it('gives a batch up where the disk is full, tells it once until it heals, and never holds detection up', async () => {
    const reports: FactReport[] = [];
    let isFull = true;
    const writer = createRecordingWriter({
      recordings: {
        append: async () => {
          if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        },
      },
      clock: systemClock,
      report: async (fact) => {
        reports.push(fact);
      },
      note: () => undefined,
    });
    await writer.write(batch);
    await writer.write(batch);
    expect(reports).to.have.length(1);
    isFull = false;
    await writer.write(batch);
    isFull = true;
    await writer.write(batch);
    expect(reports.map(({ body }) => body.kind === 'ledger-trouble' && body.why)).to.deep.equal([
      'signals are not recorded from here on: no space left on device',
      'signals are not recorded from here on: no space left on device',
    ]);
  });

  it('lets a mistake of ours through', async () => {
    const writer = createRecordingWriter({
      recordings: { append: () => Promise.reject(new TypeError('ours')) },
      clock: systemClock,
      report: async () => undefined,
      note: () => undefined,
    });
    expect(await writer.write(batch).catch((error: unknown) => error)).to.be.instanceOf(TypeError);
  });
});
