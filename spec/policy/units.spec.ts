import { expect } from 'chai';
import { formatDuration, parseDurationMs } from '#policy/duration';
import { parseSeries } from '#policy/series';
import { formatSize, parseSizeBytes } from '#policy/size';

describe('durations, sizes and series', () => {
  it('reads durations with one or more units, and nothing else', () => {
    expect(['8s', '1h30m', '250ms', '1.5s', '2d', '0s'].map(parseDurationMs)).to.deep.equal([
      8000, 5_400_000, 250, 1500, 172_800_000, 0,
    ]);
    expect(['', '8', '8 s', 's', '-1s', '1h30', '8S', '1s '].map(parseDurationMs)).to.deep.equal(Array(8).fill(null));
  });

  it('writes durations as people say them', () => {
    expect([250, 8000, 1500, 90_000, 5_400_000, 172_800_000].map(formatDuration)).to.deep.equal([
      '250ms',
      '8s',
      '1.5s',
      '1m30s',
      '1h30m',
      '2d',
    ]);
  });

  it('reads sizes of a thousand and of 1024, and nothing else', () => {
    expect(['16GiB', '200MB', '1.5KiB', '3B'].map(parseSizeBytes)).to.deep.equal([16 * 1024 ** 3, 200e6, 1536, 3]);
    expect(['', '16', 'GiB', '1 GiB', '-1B', '1gib'].map(parseSizeBytes)).to.deep.equal(Array(6).fill(null));
    expect([3, 1536, 200e6].map(formatSize)).to.deep.equal(['3 B', '1.5 KiB', '191 MiB']);
  });

  it('reads series as Prometheus does', () => {
    const values = (text: string) => {
      const result = parseSeries(text);
      return result.kind === 'read' ? result.series : result.message;
    };
    expect(values('1+2x3')).to.deep.equal([1, 3, 5, 7]);
    expect(values('10-2x2')).to.deep.equal([10, 8, 6]);
    expect(values('4x2 _x2 5 _')).to.deep.equal([4, 4, 4, null, null, 5, null]);
    expect(values('working needs_inputx1')).to.deep.equal(['working', 'needs_input', 'needs_input']);
    expect(values('1+xx')).to.include('expected values such as');
    expect(values('1x999999')).to.include('at most');
  });
});
