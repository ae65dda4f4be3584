import { z } from 'zod';
import { audited } from './audit.ts';
import { actorOf } from './authenticate.ts';
import { budgetsOf, fleetBudgets, type StandingBudget } from './budgets.ts';
import { toReply } from './command-routes.ts';
import type { Refusal } from './problem-details.ts';
import { json, nothing, type Route, refused, route } from './route.ts';
import { withRun } from './run-routes.ts';
import { runRef } from './shapes.ts';

const extendBody = z.strictObject({
  budget: z.string().max(100).nullable().default(null),
  usd: z.number().positive().max(100_000).nullable().default(null),
  reason: z.string().max(500).default(''),
});

/** What jobs may spend, one by one and all together. */
export const budgetRoutes: readonly Route[] = [
  route({
    method: 'get',
    paths: ['/v1/budgets'],
    door: 'key',
    summary: 'The budgets of the fleet as they stand in their windows: sum, basis, what was added and what is left.',
    returns: 'BudgetView[]',
    params: nothing,
    query: nothing,
    body: nothing,
    handle: async (_, site) => json((await fleetBudgets(site)).map(toView)),
  }),
  route({
    method: 'post',
    paths: ['/v1/budgets/extend'],
    door: 'key',
    summary: 'Add to a budget of the fleet until its window ends; the runs that it paused go on.',
    returns: 'ExtendedBudget',
    params: nothing,
    query: nothing,
    body: extendBody,
    handle: async (call, site) => {
      const { usd, reason, budget: asked } = call.body;
      const chosen = choose(await fleetBudgets(site), { asked, usd });
      if ('refusal' in chosen) return refused(chosen.refusal);
      const { budget, byUsd, window } = chosen;
      const untilMs = window?.openUntilMs ?? null;
      if (untilMs === null) return refused(notOpen(budget));
      const by = actorOf(call.principal);
      // The last thing that happened to a run speaks: one that was paused for another reason since stays so.
      const newest = new Map(
        [...site.fleet.incidents()].sort((a, b) => a.openedAtMs - b.openedAtMs).map((one) => [one.runId, one]),
      );
      const runIds = [...newest.values()].filter(({ rule }) => rule === `budget.${budget}`).map(({ runId }) => runId);
      return audited(site, { call, action: 'budget-extend', target: budget, runId: null, reason }, async () =>
        toReply(
          await site.coordinator.extendFleetBudget({
            budget,
            byUsd,
            untilMs,
            runIds,
            by,
            reason,
            requestId: call.requestId,
          }),
          202,
          (extended) => extended,
        ),
      );
    },
  }),
  route({
    method: 'get',
    paths: ['/v1/runs/:id/budgets'],
    door: 'key',
    summary: 'What the policy lets the run and the fleet spend, what was added, what is spent, and what is left.',
    returns: 'BudgetView[]',
    params: runRef,
    query: nothing,
    body: nothing,
    handle: ({ params }, site) =>
      withRun(site, params.id, async (view) => json((await budgetsOf(site, view)).map(toView))),
  }),
  route({
    method: 'post',
    paths: ['/v1/runs/:id/budgets/extend'],
    door: 'key',
    summary: 'Add to a budget of the run; a run that it paused goes on.',
    returns: 'ExtendedBudget',
    params: runRef,
    query: nothing,
    body: extendBody,
    handle: (call, site) =>
      withRun(site, call.params.id, async (view) => {
        const { usd, reason, budget: asked } = call.body;
        const own = (await budgetsOf(site, view)).filter(({ scope }) => scope === 'job');
        const chosen = choose(own, { asked, usd });
        if ('refusal' in chosen) return refused(chosen.refusal);
        const { budget, byUsd } = chosen;
        const { runId, name } = view;
        const by = actorOf(call.principal);
        return audited(site, { call, action: 'budget-extend', target: name, runId, reason }, async () =>
          toReply(
            await site.coordinator.extendBudget({ runId, budget, byUsd, reason, by, requestId: call.requestId }),
            202,
            (extended) => extended,
          ),
        );
      }),
  }),
];

const toView = ({ extend: _, ...view }: StandingBudget) => view;

type Chosen = { readonly budget: string; readonly byUsd: number; readonly window: StandingBudget['window'] };

/** The one budget that is meant, and by how much: named, or the only one in dollars. */
const choose = (
  budgets: readonly StandingBudget[],
  wish: { readonly asked: string | null; readonly usd: number | null },
): Chosen | { readonly refusal: Refusal } => {
  const inDollars = budgets.filter(({ usd }) => usd !== null);
  const [only] = inDollars;
  const found = wish.asked === null ? only : inDollars.find(({ budget }) => budget === wish.asked);
  if (found === undefined || (wish.asked === null && inDollars.length > 1)) return { refusal: whichBudget(inDollars) };
  const byUsd = wish.usd ?? found.extend?.step ?? null;
  const max = found.extend?.max ?? null;
  if (byUsd === null) return { refusal: noStep(found) };
  if (max !== null && found.times >= max) return { refusal: usedUp(found, max) };
  return { budget: found.budget, byUsd, window: found.window };
};

const whichBudget = (budgets: readonly StandingBudget[]): Refusal => ({
  status: budgets.length === 0 ? 404 : 409,
  code: 'which-budget',
  detail:
    budgets.length === 0
      ? 'No policy in force has such a budget in dollars by that name.'
      : `There are several budgets: ${budgets.map(({ budget }) => budget).join(', ')}.`,
  hint: '`flowforge budget show` lists them; name one with --budget.',
});

const noStep = ({ budget }: StandingBudget): Refusal => ({
  status: 400,
  code: 'no-amount',
  detail: `Budget ${budget} has no \`extend\` in its policy, so the amount must be given.`,
  hint: 'Send `usd`, or use `flowforge budget extend RUN AMOUNT`.',
});

const usedUp = ({ budget }: StandingBudget, max: number): Refusal => ({
  status: 409,
  code: 'extensions-used-up',
  detail: `Budget ${budget} was extended ${max} times, which is all that its policy allows.`,
  hint: 'Change `extend: { max }` or `usd` of the budget in the policy and save it.',
});

const notOpen = (budget: string): Refusal => ({
  status: 409,
  code: 'window-closed',
  detail: `The window of budget ${budget} is not open now, so nothing can be added to it.`,
  hint: 'Extend it once its window has opened, or change `usd` of the budget in the policy and save it.',
});
