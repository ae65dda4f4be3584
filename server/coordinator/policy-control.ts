import type { Answer, CoordinatorControl } from '#protocol/control';
import { isOver } from '#protocol/run-state';
import type { ControlOptions } from './control.ts';

type PolicyControl = Pick<
  CoordinatorControl,
  | 'nudgeRun'
  | 'acknowledge'
  | 'extendBudget'
  | 'extendFleetBudget'
  | 'applyPolicy'
  | 'rollbackPolicy'
  | 'activePolicies'
>;

/** What people say to the judges of a run: another policy, "I have seen it", more money, a word to the job. */
export const createPolicyControl = (options: ControlOptions): PolicyControl => {
  const { fleet, policies, orderAction, say, spending } = options;
  return {
    nudgeRun: async ({ runId, by, reason }) => {
      const record = fleet.table.get(runId);
      if (record === undefined || isOver(record.view.state)) return over(runId);
      orderAction({ kind: 'nudge-requested', runId, by, message: reason });
      return { kind: 'done', value: { accepted: true } };
    },
    acknowledge: async ({ incidentId, runId, rule, verdict, by, note }) => {
      say({ kind: 'incident-acknowledged', incidentId, runId, rule, verdict, by, note });
      return { kind: 'done', value: { accepted: true } };
    },
    extendBudget: async ({ runId, budget, byUsd, by, reason }) => {
      const record = fleet.table.get(runId);
      if (record === undefined || isOver(record.view.state)) return over(runId);
      const extraUsd = (record.extraUsd.get(budget) ?? 0) + byUsd;
      const times = 1 + (record.extensions.get(budget) ?? 0);
      record.extensions.set(budget, times);
      say({ kind: 'budget-extended', runId, budget, extraUsd, times, by, reason });
      if (record.view.state === 'paused')
        orderAction({ kind: 'resume-requested', runId, by, reason: `budget ${budget} was extended` });
      return { kind: 'done', value: { budget, extraUsd, times } };
    },
    extendFleetBudget: async ({ budget, byUsd, untilMs, runIds, by, reason }) => {
      const before = spending.extension(budget, options.clock.now());
      const extension = { budget, extraUsd: (before?.extraUsd ?? 0) + byUsd, times: (before?.times ?? 0) + 1, untilMs };
      spending.extend(extension);
      say({ kind: 'fleet-budget-extended', ...extension, by, reason });
      options.tellDetection({ kind: 'fleet-budget-extended', extension });
      for (const runId of runIds)
        if (fleet.table.get(runId)?.view.state === 'paused')
          orderAction({ kind: 'resume-requested', runId, by, reason: `budget ${budget} of the fleet was extended` });
      return { kind: 'done', value: extension };
    },
    applyPolicy: async (wish) => {
      const change = await policies.apply(wish);
      return change === null
        ? {
            kind: 'refused',
            code: 'not-found',
            detail: 'no live run follows that policy',
            hint: 'name runs with --run, or take --all; a run that starts later reads the file itself',
          }
        : { kind: 'done', value: change };
    },
    rollbackPolicy: async (wish) => {
      const change = await policies.rollback(wish);
      return change === null
        ? {
            kind: 'refused',
            code: 'not-found',
            detail: `no live run follows ${wish.key}, or there is no policy ${wish.hash}`,
            hint: '`flowforge policy history` lists what there was',
          }
        : { kind: 'done', value: change };
    },
    activePolicies: async () => policies.active(),
  };
};

const over = (runId: string): Extract<Answer<never>, { kind: 'refused' }> => ({
  kind: 'refused',
  code: 'conflict',
  detail: `run ${runId} is over`,
  hint: '`flowforge ps` lists what runs',
});
