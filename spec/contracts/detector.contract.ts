import { expect } from 'chai';
import type { Detector } from '#detection/detector';

/** What a family of detectors is tried with. `cut` splits the same observations at other places. */
export interface DetectorCase<Observed> {
  readonly name: string;
  create(): Detector<Observed>;
  /** Observations that bring the detector to a finding. */
  readonly troubled: readonly Observed[];
  /** More observations than a run of a day has, for the bound on what is kept. */
  readonly endless: Iterable<Observed>;
  readonly endMs: number;
  cut(observed: readonly Observed[]): readonly Observed[];
}

const mostBytes = 256 * 1024;

/** Every detector is a fold: the same in, the same out, wherever the pieces end, in bounded room. */
export const keepsTheDetectorContract = <Observed>(given: DetectorCase<Observed>): void => {
  const after = (observations: Iterable<Observed>): Detector<Observed> => {
    const detector = given.create();
    for (const observed of observations) detector.observe(observed);
    return detector;
  };

  describe(`${given.name} keeps the contract of a detector`, () => {
    it('finds nothing before anything was seen', () => {
      expect(given.create().findings(given.endMs)).to.deep.equal([]);
    });

    it('finds what is wrong, and the same when asked again or anew', () => {
      const detector = after(given.troubled);
      const found = detector.findings(given.endMs);
      expect(found).not.to.have.length(0);
      expect(detector.findings(given.endMs)).to.deep.equal(found);
      expect(after(given.troubled).findings(given.endMs)).to.deep.equal(found);
    });

    it('finds the same wherever the observations are cut', () => {
      const whole = after(given.troubled);
      const cut = after(given.cut(given.troubled));
      expect(cut.findings(given.endMs)).to.deep.equal(whole.findings(given.endMs));
      expect(cut.signals(given.endMs)).to.deep.equal(whole.signals(given.endMs));
    });

    it('says plain data with evidence that a person can check', () => {
      const found = after(given.troubled).findings(given.endMs);
      expect(structuredClone(found)).to.deep.equal(found);
      for (const { evidence } of found) {
        expect(evidence.summary).to.match(/\d/);
        expect(evidence.progressLookedFor).not.to.have.length(0);
        for (const sample of evidence.samples) expect(Buffer.byteLength(sample)).to.be.at.most(200);
        expect(evidence.samples.length).to.be.at.most(4);
      }
    });

    it('keeps a bounded memory', () => {
      expect(after(given.endless).stateBytes()).to.be.at.most(mostBytes);
    });
  });
};
