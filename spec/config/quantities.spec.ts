import { expect } from 'chai';
import fc from 'fast-check';
import { parseRestart } from '#config/config-keys';
import { parseDuration, parseSize } from '#config/quantities';

describe('durations and sizes', () => {
  it('reads the units people write', () => {
    expect(['500ms', '10s', '1h30m', '1.5s', '2d'].map(parseDuration)).to.deep.equal([
      500, 10_000, 5_400_000, 1_500, 172_800_000,
    ]);
    expect(['200MB', '200MiB', '1.5GiB', '1KB', '1KiB', '7B'].map(parseSize)).to.deep.equal([
      2e8, 209_715_200, 1_610_612_736, 1_000, 1_024, 7,
    ]);
  });

  it('refuses a bare number and names the fix', () => {
    expect(() => parseDuration('30')).to.throw('Write 30s for seconds or 30ms for milliseconds');
    expect(() => parseSize('200')).to.throw('Write 200MiB');
    expect(() => parseSize('200M')).to.throw('Write 200MiB');
  });

  it('refuses what is not a quantity', () => {
    for (const text of ['', 's', '-1s', '1 h', '1hour', '1e3s', 's10'])
      expect(() => parseDuration(text), text).to.throw(TypeError);
    for (const text of ['', 'MB', '-1MB', '1XB', '0x10MB']) expect(() => parseSize(text), text).to.throw(TypeError);
  });

  it('adds up the parts of any duration', () => {
    fc.assert(
      fc.property(fc.nat(99), fc.nat(59), fc.nat(59), (hours, minutes, seconds) => {
        expect(parseDuration(`${hours}h${minutes}m${seconds}s`)).to.equal(
          ((hours * 60 + minutes) * 60 + seconds) * 1000,
        );
      }),
    );
  });

  it('reads every form of a restart setting', () => {
    expect(parseRestart('3')).to.deep.equal({ mode: 'on-failure', max: 3 });
    expect(parseRestart('on-failure')).to.deep.equal({ mode: 'on-failure', max: 5 });
    expect(parseRestart('always:10')).to.deep.equal({ mode: 'always', max: 10 });
    expect(parseRestart('no')).to.deep.equal({ mode: 'no', max: 0 });
    expect(parseRestart('0')).to.deep.equal({ mode: 'no', max: 0 });
    for (const text of ['', 'maybe', 'no:3', 'always:', '-1'])
      expect(() => parseRestart(text), text).to.throw(TypeError);
  });
});
