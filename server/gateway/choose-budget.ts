import { tokensOf } from '#policy/budget-rules';
import { type Extra, sayTokens } from '#protocol/spending';
import type { StandingBudget } from './budgets.ts';
import type { Refusal } from './problem-details.ts';

interface Wish {
  /** null: the only one that counts what is added. */
  readonly asked: string | null;
  /** Neither: the step of the policy, in dollars. */
  readonly usd: number | null;
  readonly tokens: number | null;
}
type Chosen = { readonly budget: string; readonly more: Extra; readonly window: StandingBudget['window'] };

/** The one budget that is meant, and by how much it grows. What would leave it used up is refused. */
export const chooseBudget = (
  budgets: readonly StandingBudget[],
  wish: Wish,
): Chosen | { readonly refusal: Refusal } => {
  const named = budgets.filter(({ budget }) => wish.asked === null || budget === wish.asked);
  const counting = named.filter((budget) => countsIn(budget, wish));
  const [found, another] = counting.length === 0 ? named : counting;
  if (found === undefined) return { refusal: whichBudget([]) };
  if (another !== undefined) return { refusal: whichBudget(counting.length === 0 ? named : counting) };
  if (counting.length === 0) return { refusal: otherUnit(found, wish) };
  const usd = wish.usd ?? (wish.tokens === null ? (found.extend?.step ?? null) : 0);
  if (usd === null) return { refusal: noStep(found) };
  const max = found.extend?.max ?? null;
  if (max !== null && found.times >= max) return { refusal: usedUp(found, max) };
  const more = { usd, tokens: wish.tokens ?? 0 };
  const refusal = tooFewTokens(found, more) ?? tooFewDollars(found, more);
  return refusal === null ? { budget: found.budget, more, window: found.window } : { refusal };
};

const countsIn = ({ usd, tokens }: StandingBudget, wish: Wish): boolean =>
  (usd !== null || (wish.usd === null && wish.tokens !== null)) && (tokens !== null || wish.tokens === null);

/** Null where enough dollars are left, or where nobody is billed for them while tokens count. */
const tooFewDollars = (standing: StandingBudget, more: Extra): Refusal | null => {
  const { budget, usd, spentUsd, tokens, isBilled } = standing;
  if (usd === null || spentUsd === null || usd + more.usd > spentUsd) return null;
  if (!isBilled && tokens !== null && more.usd === 0) return null;
  // In whole cents, the least with which something is left.
  const least = (Math.floor((spentUsd - usd) * 100 + 1e-6) + 1) / 100;
  return {
    status: 409,
    code: 'too-little',
    detail:
      `$${spentUsd.toFixed(2)} is spent of the $${usd.toFixed(2)} of budget ${budget}: ` +
      `with $${more.usd.toFixed(2)} more it would still be used up.`,
    hint: `Add at least $${least.toFixed(2)}.`,
  };
};

const tooFewTokens = (standing: StandingBudget, more: Extra): Refusal | null => {
  const { budget, spentTokens } = standing;
  const tokens = tokensIn(standing);
  if (tokens === null || spentTokens === null || tokens + more.tokens > spentTokens) return null;
  const least = `--tokens ${sayTokens(spentTokens - tokens + 1)}`;
  if (more.tokens === 0)
    return {
      status: 409,
      code: 'tokens-used-up',
      detail: `Budget ${budget} has used up its ${sayTokens(tokens)} tokens (${spentTokens} are spent): dollars alone would be in vain.`,
      hint: `Add at least \`${least}\`.`,
    };
  return {
    status: 409,
    code: 'too-little',
    detail:
      `${spentTokens} tokens are spent of the ${sayTokens(tokens)} of budget ${budget}: ` +
      `with ${sayTokens(more.tokens)} more it would still be used up.`,
    hint: `Add at least \`${least}\`.`,
  };
};

const tokensIn = ({ tokens }: StandingBudget): number | null => tokensOf({ tokens: tokens ?? undefined });

const otherUnit = ({ budget, usd }: StandingBudget, wish: Wish): Refusal => {
  const [has, lacks, option] = usd === null ? ['tokens', 'dollars', '--tokens 5M'] : ['dollars', 'tokens', '5'];
  return {
    status: 400,
    code: 'other-unit',
    detail: `Budget ${budget} is in ${has} alone${wish.usd === null && wish.tokens === null ? '' : `: ${lacks} are not counted`}.`,
    hint: `Say how many: \`flowforge budget extend RUN ${option}\`.`,
  };
};

const whichBudget = (budgets: readonly StandingBudget[]): Refusal => ({
  status: budgets.length === 0 ? 404 : 409,
  code: 'which-budget',
  detail:
    budgets.length === 0
      ? 'No policy in force has such a budget by that name.'
      : `There are several budgets: ${budgets.map(({ budget }) => budget).join(', ')}.`,
  hint: '`flowforge budget show` lists them; name one with --budget.',
});

const noStep = ({ budget }: StandingBudget): Refusal => ({
  status: 400,
  code: 'no-amount',
  detail: `Budget ${budget} has no \`extend\` in its policy, so the amount must be given.`,
  hint: 'Send `usd` or `tokens`, or use `flowforge budget extend RUN AMOUNT`, with `--tokens 5M` for tokens.',
});

const usedUp = ({ budget }: StandingBudget, max: number): Refusal => ({
  status: 409,
  code: 'extensions-used-up',
  detail: `Budget ${budget} was extended ${max} times, which is all that its policy allows.`,
  hint: 'Change `extend: { max }` or the amount of the budget in the policy and save it.',
});
