import { ensureDaemon } from '#cli/ensure-daemon';
import { print, printJson } from '#cli/output';
import { escapeControls } from '#cli/render/escape';
import { resolvePaths } from '#config/paths';
import type { BudgetView } from '#protocol/gateway-api';
import { isOver } from '#protocol/run-state';

const connect = () => ensureDaemon(resolvePaths(process.env));

/** `flowforge ack INCIDENT [--right|--wrong]`. */
export const ackCommand = async (
  incidentId: string,
  options: { readonly right: boolean; readonly wrong: boolean; readonly message: string },
): Promise<number> => {
  const verdict = options.right ? 'right' : options.wrong ? 'wrong' : null;
  await (await connect()).ack(incidentId, { verdict, note: options.message });
  print(`acknowledged${verdict === null ? '' : `: the rule was ${verdict}`}\n`);
  return 0;
};

/** `flowforge nudge RUN MESSAGE`. */
export const nudgeCommand = async (ref: string, message: string): Promise<number> => {
  const client = await connect();
  const { run } = await client.run(ref);
  await client.nudge(run.runId, message);
  print(`${escapeControls(`${run.name}: told`)}\n`);
  return 0;
};

/** `flowforge budget show|check [RUN]`: of one run, or of all that live. `check` ends with 1 where one is used up. */
export const budgetShow = async (
  ref: string | undefined,
  { json, check }: { readonly json: boolean; readonly check: boolean },
): Promise<number> => {
  const client = await connect();
  const { items } = await client.runs({});
  const runIds =
    ref === undefined
      ? items.filter(({ state }) => !isOver(state)).map(({ runId }) => runId)
      : [(await client.run(ref)).run.runId];
  const budgets = (await Promise.all(runIds.map((runId) => client.budgets(runId)))).flat();
  if (json) printJson(budgets);
  else for (const budget of budgets) print(`${escapeControls(sentenceOf(budget))}\n`);
  return check && budgets.some(isUsedUp) ? 1 : 0;
};

const isUsedUp = ({ usd, spentUsd }: BudgetView): boolean => usd !== null && spentUsd !== null && spentUsd >= usd;

const sentenceOf = ({
  name,
  runId,
  budget,
  usd,
  extraUsd,
  times,
  tokens,
  spentUsd,
  spentTokens,
}: BudgetView): string => {
  const spent = [
    usd === null ? null : `$${spentUsd?.toFixed(2) ?? '?'} of $${usd.toFixed(2)}`,
    tokens === null ? null : `${spentTokens ?? '?'} of ${tokens} tokens`,
  ].filter((part) => part !== null);
  const extended = times === 0 ? '' : ` ($${extraUsd.toFixed(2)} added in ${times})`;
  return `${name} (${runId}) ${budget}: ${spent.join(', ')}${extended}`;
};

/** `flowforge budget extend RUN [AMOUNT]`: by the step of the policy, where no amount is given. A run that the budget paused goes on. */
export const budgetExtend = async (
  ref: string,
  usd: number | undefined,
  options: { readonly budget?: string; readonly reason: string; readonly json: boolean },
): Promise<number> => {
  const client = await connect();
  const { run } = await client.run(ref);
  const extended = await client.extendBudget(run.runId, {
    budget: options.budget ?? null,
    usd: usd ?? null,
    reason: options.reason,
  });
  if (options.json) printJson(extended);
  else print(`${escapeControls(`${run.name}: budget ${extended.budget} has $${extended.extraUsd.toFixed(2)} more`)}\n`);
  return 0;
};
