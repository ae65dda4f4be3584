import { expect } from 'chai';
import { judgeEvidence, sayJudged, verdictOn } from '#cli/commands/promotion-verdict';
import type { RuleEvidence } from '#protocol/policy-views';

const dayMs = 86_400_000;
const nowMs = 100 * dayMs;
const judged = (over: Partial<RuleEvidence> = {}) =>
  judgeEvidence(
    {
      ...{ policy: 'mine.yaml', rule: 'hot', mode: 'shadow', sinceMs: nowMs - 4 * dayMs },
      ...{ fired: 6, firedOtherwise: 0, acted: 0, wouldHaveActed: 6, right: 5, wrong: 0 },
      ...over,
    },
    nowMs,
  );

describe('the verdict on a promotion', () => {
  it('is ready where enough verdicts and days speak for the rule, and not where too many speak against it', () => {
    expect(judged()).to.include({ verdict: 'ready', why: 'precision 100 %', days: 4 });
    expect(judged({ right: 4, wrong: 2 })).to.include({
      verdict: 'not ready',
      why: 'precision 67 %, 90 % is the bar',
    });
  });

  it('is inconclusive where they do not suffice, and says all that is missing', () => {
    const young = judged({ right: 2, sinceMs: nowMs - 2.96 * dayMs, firedOtherwise: 7 });
    expect(young.verdict).to.equal('inconclusive');
    expect(sayJudged(young)).to.equal(
      'hot: inconclusive – it has 2 of 5 verdicts on its present condition (flowforge ack INCIDENT --right|--wrong) and ' +
        '2.9 of 3 days in shadow (2.9 days in shadow, 6 firings, acted 0, would have acted 6, 2 right, 0 wrong; ' +
        '7 more under another condition do not count)',
    );
    expect(judged({ sinceMs: nowMs - dayMs, mode: 'canary' }).why).to.equal('it has 1.0 of 3 days in canary');
  });

  it('on several rules is that of the weakest', () => {
    expect(verdictOn([judged(), judged({ right: 0 })])).to.equal('inconclusive');
    expect(verdictOn([judged(), judged({ right: 0 }), judged({ right: 1, wrong: 9 })])).to.equal('not ready');
    expect(verdictOn([])).to.equal('inconclusive');
  });
});
