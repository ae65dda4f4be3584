import { expect } from 'chai';
import type { StandingBudget } from '#gateway/budgets';
import { chooseBudget } from '#gateway/choose-budget';

const standing = (over: Partial<StandingBudget> = {}): StandingBudget => ({
  budget: 'per-job',
  scope: 'job',
  runId: null,
  name: 'writer',
  window: null,
  usd: 5,
  extraUsd: 0,
  extraTokens: 0,
  times: 0,
  tokens: null,
  spentUsd: 9,
  spentTokens: null,
  basis: 'reported',
  leftUsd: 0,
  leftTokens: null,
  extend: { step: 2.5, max: 3 },
  isBilled: true,
  ...over,
});
const wish = (over: Partial<Parameters<typeof chooseBudget>[1]> = {}) => ({
  asked: null,
  usd: null,
  tokens: null,
  ...over,
});
const refusalOf = (chosen: ReturnType<typeof chooseBudget>) => ('refusal' in chosen ? chosen.refusal : null);

describe('an extension of a budget', () => {
  it('is refused where the budget would still be used up, with what is spent and the least that helps', () => {
    const refusal = refusalOf(chooseBudget([standing()], wish()));
    expect(refusal).to.include({ status: 409, code: 'too-little', hint: 'Add at least $4.01.' });
    expect(refusal?.detail).to.match(/^\$9\.00 is spent of the \$5\.00 of budget per-job: with \$2\.50 more/);
    expect(refusalOf(chooseBudget([standing()], wish({ usd: 4 }))), 'nothing would be left').to.include({
      code: 'too-little',
    });
  });

  it('is taken from there on, and where nothing is known to be spent', () => {
    expect(chooseBudget([standing()], wish({ usd: 4.01 }))).to.deep.include({
      budget: 'per-job',
      more: { usd: 4.01, tokens: 0 },
    });
    const unknown = standing({ spentUsd: null });
    expect(chooseBudget([unknown], wish({ asked: 'per-job' }))).to.deep.include({ more: { usd: 2.5, tokens: 0 } });
  });

  const inBoth = standing({ spentUsd: 1, leftUsd: 4, tokens: '20M', spentTokens: 21e6, leftTokens: 0 });
  const inTokens = standing({
    ...{ usd: null, leftUsd: null, spentUsd: null },
    ...{ tokens: '20M', spentTokens: 21e6, leftTokens: 0 },
  });

  it('takes no dollars in vain where it is the tokens that are used up, and says what helps', () => {
    expect(refusalOf(chooseBudget([inBoth], wish({ usd: 5 })))).to.deep.include({
      code: 'tokens-used-up',
      hint: 'Add at least `--tokens 1000001`.',
    });
    expect(refusalOf(chooseBudget([inTokens], wish({ usd: 5 })))).to.deep.include({
      code: 'other-unit',
      detail: 'Budget per-job is in tokens alone: dollars are not counted.',
      hint: 'Say how many: `flowforge budget extend RUN --tokens 5M`.',
    });
    expect(refusalOf(chooseBudget([standing()], wish({ tokens: 5e6 })))?.code).to.equal('other-unit');
    expect(chooseBudget([inTokens, standing({ spentUsd: 1 })], wish({ usd: 5 }))).to.deep.include({
      more: { usd: 5, tokens: 0 },
    });
  });

  it('takes tokens for the budget that counts them, from the least on with which some are left', () => {
    expect(refusalOf(chooseBudget([inTokens], wish({ tokens: 1e6 })))).to.deep.include({
      code: 'too-little',
      detail: '21000000 tokens are spent of the 20M of budget per-job: with 1M more it would still be used up.',
      hint: 'Add at least `--tokens 1000001`.',
    });
    for (const budget of [inTokens, inBoth])
      expect(chooseBudget([budget], wish({ tokens: 5e6 }))).to.deep.include({ more: { usd: 0, tokens: 5e6 } });
    expect(chooseBudget([inBoth], wish({ usd: 3, tokens: 5e6 }))).to.deep.include({ more: { usd: 3, tokens: 5e6 } });
  });

  it('of tokens alone is too little where dollars are used up as well, unless nobody is billed for those', () => {
    const over = standing({ tokens: '20M', spentTokens: 21e6, leftTokens: 0 });
    expect(refusalOf(chooseBudget([over], wish({ tokens: 5e6 })))).to.deep.include({
      code: 'too-little',
      hint: 'Add at least $4.01.',
    });
    expect(chooseBudget([{ ...over, isBilled: false }], wish({ tokens: 5e6 }))).to.deep.include({
      more: { usd: 0, tokens: 5e6 },
    });
  });

  it('is the step of the policy as often as that allows', () => {
    const used = refusalOf(chooseBudget([standing({ times: 3 })], wish({ usd: 90 })));
    expect(used?.code).to.equal('extensions-used-up');
  });
});
