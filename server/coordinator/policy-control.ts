import type { Answer, CoordinatorControl } from '#protocol/control';
import { isOver } from '#protocol/run-state';
import { addExtra, extraIn, nothingExtra } from '#protocol/spending';
import type { ControlOptions } from './control.ts';
import type { RunRecord, RunTable } from './run-table.ts';

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

type PolicyControlOptions = Pick<
  ControlOptions,
  'policies' | 'clock' | 'orderAction' | 'tellDetection' | 'spending' | 'say'
> & { readonly fleet: { readonly table: Pick<RunTable, 'get' | 'live'> } };

/** What people say to the judges of a run: another policy, "I have seen it", more money, a word to the job. */
export const createPolicyControl = (options: PolicyControlOptions): PolicyControl => {
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
    extendBudget: async ({ runId, budget, more, by, reason }) => {
      const record = fleet.table.get(runId);
      if (record === undefined || isOver(record.view.state)) return over(runId);
      const extra = addExtra(record.extra.get(budget) ?? nothingExtra, more);
      const times = 1 + (record.extensions.get(budget) ?? 0);
      record.extensions.set(budget, times);
      const extended = { budget, extraUsd: extra.usd, extraTokens: extra.tokens, times };
      say({ kind: 'budget-extended', runId, ...extended, by, reason });
      if (isPausedBy(record, budget))
        orderAction({ kind: 'resume-requested', runId, by, reason: `budget ${budget} was extended` });
      return { kind: 'done', value: extended };
    },
    extendFleetBudget: async ({ budget, more, untilMs, by, reason }) => {
      const before = spending.extension(budget, options.clock.now());
      const { usd: extraUsd, tokens: extraTokens } = addExtra(before === null ? nothingExtra : extraIn(before), more);
      const extension = { budget, extraUsd, extraTokens, times: (before?.times ?? 0) + 1, untilMs };
      spending.extend(extension);
      say({ kind: 'fleet-budget-extended', ...extension, by, reason });
      options.tellDetection({ kind: 'fleet-budget-extended', extension });
      for (const { spec } of fleet.table.live().filter((record) => isPausedBy(record, budget))) {
        const why = `budget ${budget} of the fleet was extended`;
        orderAction({ kind: 'resume-requested', runId: spec.runId, by, reason: why });
      }
      return { kind: 'done', value: extension };
    },
    applyPolicy: async (wish) => {
      const change = await policies.apply(wish);
      return change === null
        ? {
            kind: 'refused',
            code: 'not-found',
            detail: 'none of the named runs is live',
            hint: '`flowforge ps` lists what runs; without --run it is put in force for those that follow it',
          }
        : { kind: 'done', value: change };
    },
    rollbackPolicy: async (wish) => {
      const change = await policies.rollback(wish);
      return change === null
        ? {
            kind: 'refused',
            code: 'not-found',
            detail: `there is no policy ${wish.hash}, or ${wish.key} never judged a run here`,
            hint: '`flowforge policy history` lists what there was',
          }
        : { kind: 'done', value: change };
    },
    activePolicies: async () => policies.active(),
  };
};

/** What a person halted, or another rule, waits for them: more money is no word to it. */
const isPausedBy = ({ view, pausedBy }: RunRecord, budget: string): boolean =>
  view.state === 'paused' && pausedBy === `budget.${budget}`;

const over = (runId: string): Extract<Answer<never>, { kind: 'refused' }> => ({
  kind: 'refused',
  code: 'conflict',
  detail: `run ${runId} is over`,
  hint: '`flowforge ps` lists what runs',
});
