import type { DaemonClient } from '#cli/daemon-client';
import { ensureDaemon } from '#cli/ensure-daemon';
import { print, printJson } from '#cli/output';
import { escapeControls } from '#cli/render/escape';
import { resolvePaths } from '#config/paths';
import type { BudgetView } from '#protocol/gateway-api';
import { isOver } from '#protocol/run-state';
import { extraIn, sayExtra, sayTokens } from '#protocol/spending';

const connect = (): Promise<DaemonClient> => ensureDaemon(resolvePaths(process.env));
/** In the place of a run. */
const everybody = 'fleet';

/** `flowforge budget show|check [RUN|fleet]`: of one run, or of all that live. `check` ends with 1 where one is used up. */
export const budgetShow = async (
  ref: string | undefined,
  { json, check }: { readonly json: boolean; readonly check: boolean },
): Promise<number> => {
  const budgets = await budgetsFor(await connect(), ref);
  if (json) printJson(budgets);
  else if (budgets.length === 0) print('no budget is in force: no live run follows a policy that has one\n');
  else for (const budget of budgets) print(`${escapeControls(sentenceOf(budget))}\n`);
  return check && budgets.some(isUsedUp) ? 1 : 0;
};

const budgetsFor = async (client: DaemonClient, ref: string | undefined): Promise<readonly BudgetView[]> => {
  if (ref === everybody) return client.fleetBudgets();
  if (ref !== undefined) return client.budgets((await client.run(ref)).run.runId);
  const { items } = await client.runs({});
  const live = items.filter(({ state }) => !isOver(state));
  const all = (await Promise.all(live.map(({ runId }) => client.budgets(runId)))).flat();
  return [...all.filter(({ scope }) => scope === 'job'), ...(await client.fleetBudgets())];
};

const isUsedUp = ({ leftUsd, leftTokens }: BudgetView): boolean => leftUsd === 0 || leftTokens === 0;

const sentenceOf = (view: BudgetView): string => {
  const { name, runId, budget, window, usd, tokens, spentUsd, spentTokens, leftUsd, leftTokens, times } = view;
  const basis = view.basis === null ? '' : ` (${view.basis})`;
  const parts = [
    usd === null ? null : `$${(spentUsd ?? 0).toFixed(2)}${basis} of $${usd.toFixed(2)}, $${leftUsd?.toFixed(2)} left`,
    tokens === null ? null : `${spentTokens ?? 0} of ${tokens} tokens, ${sayTokens(leftTokens ?? 0)} left`,
  ].filter((part) => part !== null);
  const whose = runId === null ? everybody : `${name} (${runId})`;
  const extended = times === 0 ? '' : `; ${sayExtra(extraIn(view))} of it added in ${times}`;
  if (window === null) return `${whose} ${budget}: ${parts.join('; ')}${extended}`;
  const open = window.openUntilMs === null ? 'not open now' : `until ${localTime(window.openUntilMs)}`;
  return `${whose} ${budget}, ${window.name} (${open}): ${parts.join('; ')}${extended}`;
};

const localTime = (ms: number): string => {
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
};

export interface Extending {
  readonly tokens?: number;
  readonly budget?: string;
  readonly reason: string;
  readonly json: boolean;
}

/** `flowforge budget extend RUN|fleet [DOLLARS] [--tokens N]`: by the step of the policy, where no amount is given. What the budget paused goes on. */
export const budgetExtend = async (ref: string, usd: number | undefined, options: Extending): Promise<number> => {
  const client = await connect();
  const run = ref === everybody ? null : (await client.run(ref)).run;
  const extended = await client.extendBudget(run?.runId ?? null, {
    budget: options.budget ?? null,
    usd: usd ?? null,
    tokens: options.tokens ?? null,
    reason: options.reason,
  });
  const whose = run?.name ?? everybody;
  if (options.json) printJson(extended);
  else print(`${escapeControls(`${whose}: budget ${extended.budget} has ${sayExtra(extraIn(extended))} more`)}\n`);
  return 0;
};
