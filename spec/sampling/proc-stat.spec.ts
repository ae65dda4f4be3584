import { expect } from 'chai';
import { commandOfStat, parseProcStat } from '#sampling/proc-stat';

const line =
  '4242 (a) b (c) S 17 4242 4200 0 -1 4194304 100 0 0 0 150 50 7 3 20 0 6 0 987654 1000000 2560 18446744073709551615 1 1\n';

describe('a line of /proc/PID/stat', () => {
  it('is read although the name holds spaces and parentheses', () => {
    const bytes = Buffer.from(line);
    expect(parseProcStat(bytes, bytes.length)).to.deep.equal({
      state: 'S',
      ppid: 17,
      group: 4242,
      session: 4200,
      cpuTicks: 200,
      reapedTicks: 10,
      threads: 6,
      startTicks: 987654,
      rssPages: 2560,
    });
    expect(commandOfStat(bytes, bytes.length)).to.equal('a) b (c');
  });

  it('is refused when it is cut short', () => {
    const bytes = Buffer.from(line);
    for (const length of [0, 5, 14, 40]) expect(parseProcStat(bytes, length)).to.equal(null);
  });
});
