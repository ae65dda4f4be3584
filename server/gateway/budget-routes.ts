import { z } from 'zod';
import { audited } from './audit.ts';
import { actorOf } from './authenticate.ts';
import { budgetsOf, fleetBudgets, type StandingBudget } from './budgets.ts';
import { chooseBudget } from './choose-budget.ts';
import { toReply } from './command-routes.ts';
import type { Refusal } from './problem-details.ts';
import { json, nothing, type Route, refused, route } from './route.ts';
import { withRun } from './run-routes.ts';
import { runRef } from './shapes.ts';

const extendBody = z.strictObject({
  budget: z.string().max(100).nullable().default(null),
  usd: z.number().positive().max(100_000).nullable().default(null),
  tokens: z.int().positive().max(1e12).nullable().default(null),
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
      const { usd, tokens, reason, budget: asked } = call.body;
      const chosen = chooseBudget(await fleetBudgets(site), { asked, usd, tokens });
      if ('refusal' in chosen) return refused(chosen.refusal);
      const { budget, more, window } = chosen;
      const untilMs = window?.openUntilMs ?? null;
      if (untilMs === null) return refused(notOpen(budget));
      const by = actorOf(call.principal);
      return audited(site, { call, action: 'budget-extend', target: budget, runId: null, reason }, async () =>
        toReply(
          await site.coordinator.extendFleetBudget({
            budget,
            more,
            untilMs,
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
        const { usd, tokens, reason, budget: asked } = call.body;
        const own = (await budgetsOf(site, view)).filter(({ scope }) => scope === 'job');
        const chosen = chooseBudget(own, { asked, usd, tokens });
        if ('refusal' in chosen) return refused(chosen.refusal);
        const { budget, more } = chosen;
        const { runId, name } = view;
        const by = actorOf(call.principal);
        return audited(site, { call, action: 'budget-extend', target: name, runId, reason }, async () =>
          toReply(
            await site.coordinator.extendBudget({ runId, budget, more, reason, by, requestId: call.requestId }),
            202,
            (extended) => extended,
          ),
        );
      }),
  }),
];

const toView = ({ extend: _, isBilled: __, ...view }: StandingBudget) => view;

const notOpen = (budget: string): Refusal => ({
  status: 409,
  code: 'window-closed',
  detail: `The window of budget ${budget} is not open now, so nothing can be added to it.`,
  hint: 'Extend it once its window has opened, or change the amount of the budget in the policy and save it.',
});
