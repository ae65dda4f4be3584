import { z } from 'zod';
import { audited } from './audit.ts';
import { actorOf } from './authenticate.ts';
import { budgetsOf, type RunBudget } from './budgets.ts';
import { toReply } from './command-routes.ts';
import type { Refusal } from './problem-details.ts';
import { json, nothing, type Route, refused, route } from './route.ts';
import { withRun } from './run-routes.ts';
import { incidentRef, runRef } from './shapes.ts';

const ackBody = z.strictObject({
  verdict: z.enum(['right', 'wrong']).nullable().default(null),
  note: z.string().max(500).default(''),
});
const nudgeBody = z.strictObject({ message: z.string().min(1).max(2000) });
const extendBody = z.strictObject({
  budget: z.string().max(100).nullable().default(null),
  usd: z.number().positive().max(100_000).nullable().default(null),
  reason: z.string().max(500).default(''),
});

/** What people say while a run goes on: I have seen it, try something else, go on spending. */
export const steeringRoutes: readonly Route[] = [
  route({
    method: 'post',
    paths: ['/v1/incidents/:id/ack'],
    door: 'key',
    summary: 'Say that an incident was seen, and whether its rule was right: ladders may ask, and precision counts it.',
    returns: '{ accepted: true }',
    params: incidentRef,
    query: nothing,
    body: ackBody,
    handle: async (call, site) => {
      const { id: incidentId } = call.params;
      const known =
        site.fleet.incidents().find((one) => one.incidentId === incidentId) ?? (await site.ledger.incident(incidentId));
      if (known === null) return refused(noIncident(incidentId));
      const { runId, rule, name } = known;
      return audited(site, { call, action: 'ack', target: name, runId, reason: call.body.note }, async (by) =>
        toReply(await site.coordinator.acknowledge({ incidentId, runId, rule, by, ...call.body }), 202, (done) => done),
      );
    },
  }),
  route({
    method: 'post',
    paths: ['/v1/runs/:id/nudge'],
    door: 'key',
    summary: 'Leave a message where the job can read it ($FLOWFORGE_NUDGES), and on its input where it asked for that.',
    returns: '{ accepted: true }',
    params: runRef,
    query: nothing,
    body: nudgeBody,
    handle: (call, site) =>
      withRun(site, call.params.id, ({ runId, name }) =>
        audited(site, { call, action: 'nudge', target: name, runId, reason: '' }, async (by) =>
          toReply(
            await site.coordinator.nudgeRun({ runId, by, reason: call.body.message, requestId: call.requestId }),
            202,
            (done) => done,
          ),
        ),
      ),
  }),
  route({
    method: 'get',
    paths: ['/v1/runs/:id/budgets'],
    door: 'key',
    summary: 'What the policy lets the run spend, what was added, and what is spent.',
    returns: 'BudgetView[]',
    params: runRef,
    query: nothing,
    body: nothing,
    handle: ({ params }, site) =>
      withRun(site, params.id, async (view) => json((await budgetsOf(site, homeOf(site.status()), view)).map(toView))),
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
        const budgets = (await budgetsOf(site, homeOf(site.status()), view)).filter(({ usd }) => usd !== null);
        const { usd, reason } = call.body;
        const found =
          call.body.budget === null ? budgets[0] : budgets.find(({ budget }) => budget === call.body.budget);
        if (found === undefined || (call.body.budget === null && budgets.length > 1))
          return refused(whichBudget(budgets));
        const byUsd = usd ?? found.extend?.step ?? null;
        const max = found.extend?.max ?? null;
        if (byUsd === null) return refused(noStep(found));
        if (max !== null && found.times >= max) return refused(usedUp(found, max));
        const { runId, name } = view;
        const { budget } = found;
        return audited(site, { call, action: 'budget-extend', target: name, runId, reason }, async () =>
          toReply(
            await site.coordinator.extendBudget({
              ...{ runId, budget, byUsd, reason },
              by: actorOf(call.principal),
              requestId: call.requestId,
            }),
            202,
            (extended) => extended,
          ),
        );
      }),
  }),
];

const homeOf = ({ home }: { readonly home: string }): string => home;
const toView = ({ extend: _, ...view }: RunBudget) => view;

const noIncident = (id: string): Refusal => ({
  status: 404,
  code: 'unknown-incident',
  detail: `There is no incident ${id}.`,
  hint: 'GET /v1/incidents lists them.',
});

const whichBudget = (budgets: readonly RunBudget[]): Refusal => ({
  status: budgets.length === 0 ? 404 : 409,
  code: 'which-budget',
  detail:
    budgets.length === 0
      ? 'The policy of this run has no budget in dollars by that name.'
      : `The policy has several budgets: ${budgets.map(({ budget }) => budget).join(', ')}.`,
  hint: 'GET /v1/runs/:id/budgets lists them.',
});

const noStep = ({ budget }: RunBudget): Refusal => ({
  status: 400,
  code: 'no-amount',
  detail: `Budget ${budget} has no \`extend\` in its policy, so the amount must be given.`,
  hint: 'Send `usd`, or use `flowforge budget extend RUN AMOUNT`.',
});

const usedUp = ({ budget }: RunBudget, max: number): Refusal => ({
  status: 409,
  code: 'extensions-used-up',
  detail: `Budget ${budget} was extended ${max} times, which is all that its policy allows.`,
  hint: 'Change `extend: { max }` or `usd` of the budget in the policy and save it.',
});
