import { expect } from 'chai';
import { ProcessMarks, settledTicks } from '#action/containment/process-marks';
import type { ProcessStat } from '#action/process-identity';

const bornAt = (startTicks: number): ProcessStat => ({
  pid: 77,
  parentPid: 1,
  groupId: 77,
  sessionId: 77,
  startTicks,
  isZombie: false,
  isHeadless: false,
  isStopped: false,
  isDeaf: false,
  name: 'job',
});

describe('the marks of processes', () => {
  const born = 50_000;
  const job = bornAt(born);
  const never = (): never => {
    throw new Error('it is not asked again');
  };

  it('are asked for once', () => {
    const marks = new ProcessMarks(born + 1);
    expect(marks.of(job, () => 5)).to.equal(5);
    expect(marks.of(job, never)).to.equal(5);
    expect(marks.keptFor([job], born + 2).of(job, never)).to.equal(5);
  });

  it('are asked for again where a process was young and had none, however old it is by then', () => {
    const marks = new ProcessMarks(born + 1);
    expect(marks.of(job, () => null)).to.equal(null);
    expect(marks.keptFor([job], born + 10 * settledTicks).of(job, () => 5)).to.equal(5);
  });

  it('are not asked for again where a process had none for long', () => {
    const marks = new ProcessMarks(born + settledTicks + 1);
    expect(marks.of(job, () => null)).to.equal(null);
    expect(marks.keptFor([job], born + 2 * settledTicks).of(job, never)).to.equal(null);
  });

  it('are forgotten with their process', () => {
    const marks = new ProcessMarks(born + 1);
    marks.of(job, () => 5);
    const other = bornAt(born + 9);
    expect(marks.keptFor([other], born + 10).of(other, () => null)).to.equal(null);
    expect(marks.keptFor([], born + 10).of(job, () => 6)).to.equal(6);
  });
});
