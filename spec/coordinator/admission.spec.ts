import { expect } from 'chai';
import type { AdmissionSettings } from '#config/admission-settings';
import { createAdmission, type HostRoom, hostPaceMs } from '#coordinator/admission';
import { createManualClock } from '#runtime/clock';

const gib = 1024 ** 3;
const unlimited: AdmissionSettings = { maxConcurrent: 0, perLabel: [], minFreeMemBytes: null, maxLoad: null };
const plain = { labels: {}, queue: false };
const patient = { labels: {}, queue: true };
const live = [{ labels: {} }];

describe('the admission of runs', () => {
  const host = { freeMemBytes: 8 * gib, totalMemBytes: 16 * gib, load: 0.5 };
  const admission = (settings: Partial<AdmissionSettings>, room: Partial<HostRoom> = {}) => {
    const clock = createManualClock();
    const made = createAdmission({
      settings: { ...unlimited, ...settings },
      clock,
      readHost: () => ({ ...host, ...room }),
    });
    return { ...made, clock };
  };

  it('is without limit where none is set', () => {
    expect(admission({}, { freeMemBytes: 0, load: 99 }).refusal(plain, Array(500).fill(live[0]))).to.equal(null);
  });

  it('counts all runs, those of a label, and those of one value of it', () => {
    expect(admission({ maxConcurrent: 1 }).refusal(plain, live)).to.include({ until: 'a-run-ends' });
    const perValue = admission({ perLabel: [{ key: 'gpu', value: null, max: 1 }] });
    const onA = { labels: { gpu: 'a' }, queue: false };
    expect(perValue.refusal(onA, [{ labels: { gpu: 'a' } }])?.why).to.contain('gpu=a');
    expect(perValue.refusal(onA, [{ labels: { gpu: 'b' } }])).to.equal(null);
    expect(perValue.refusal(plain, [{ labels: { gpu: 'a' } }])).to.equal(null);
    const ofOne = admission({ perLabel: [{ key: 'team', value: 'data', max: 2 }] });
    const data = { labels: { team: 'data' }, queue: false };
    expect(ofOne.refusal(data, [data])).to.equal(null);
    expect(ofOne.refusal(data, [data, data])).to.not.equal(null);
    expect(
      ofOne.refusal({ labels: { team: 'web' }, queue: false }, Array(5).fill({ labels: { team: 'web' } })),
    ).to.equal(null);
  });

  it('waits for memory and load where a run asks for it, or the settings do', () => {
    expect(admission({}, { freeMemBytes: gib }).refusal(patient, live)).to.deep.equal({
      why: '1024 MiB of memory are free, and 1638 MiB have to be',
      until: 'host',
    });
    expect(admission({}, { load: 2.5 }).refusal(patient, live)?.why).to.contain('the load of the host is 2.5 a core');
    expect(admission({ minFreeMemBytes: 9 * gib }).refusal(plain, live)?.until).to.equal('host');
    expect(admission({ maxLoad: 0.4 }).refusal(plain, live)?.until).to.equal('host');
    expect(admission({ maxLoad: 0.6, minFreeMemBytes: gib }).refusal(plain, live)).to.equal(null);
  });

  it('waits for no load while nothing of ours runs, and for memory always', () => {
    expect(admission({}, { load: 50 }).refusal(patient, [])).to.equal(null);
    expect(admission({}, { freeMemBytes: 0 }).refusal(patient, [])?.until).to.equal('host');
  });

  it('starts one run a second while it watches the host', () => {
    const watched = admission({});
    watched.started();
    expect(watched.refusal(patient, live)?.until).to.equal('host');
    expect(watched.refusal(plain, live)).to.equal(null);
    watched.clock.advance(hostPaceMs);
    expect(watched.refusal(patient, live)).to.equal(null);
  });
});
