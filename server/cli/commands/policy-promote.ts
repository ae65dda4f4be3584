import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DaemonClient } from '#cli/daemon-client';
import { ensureDaemon } from '#cli/ensure-daemon';
import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { escapeControls } from '#cli/render/escape';
import { checkPolicy } from '#config/check-policy';
import { resolvePaths } from '#config/paths';
import { readPolicyText, readTestBeside } from '#config/policy-files';
import { planPromotion, promoteText } from '#policy/promote-text';
import { isDestructive, type Rollout } from '#protocol/judgement';
import type { PolicyView } from '#protocol/policy-views';
import { tellChange } from './policy-live.ts';
import { type Judged, judgeEvidence, sayJudged, verdictOn } from './promotion-verdict.ts';

export interface PromoteWish {
  readonly to?: 'canary' | 'enforce';
  readonly percent?: number;
  readonly policy?: string;
  readonly force: boolean;
  readonly reason: string;
  readonly yes: boolean;
  readonly json: boolean;
}

const exitCodes = { ready: 0, 'not ready': 1, invalid: 2, inconclusive: 3 } as const;

/** `flowforge policy promote [RULE] [--to canary|enforce]`: what speaks for letting rules act; with --to, lets them. */
export const policyPromote = async (rule: string | undefined, wish: PromoteWish): Promise<number> => {
  if (wish.force && wish.reason === '') throw new CliProblem('--force needs a --reason, which is kept in the record');
  const client = await ensureDaemon(resolvePaths(process.env));
  const [{ items }, evidence] = await Promise.all([client.policies(), client.policyEvidence()]);
  const policy = wish.to === undefined ? null : chosenPolicy(items, wish.policy);
  // Limits and budgets are never sampled: there is nothing to promote, and no evidence of them.
  const judged = evidence
    .filter((one) => (rule === undefined ? one.fired + one.firedOtherwise > 0 : one.rule === rule))
    .filter((one) => policy === null || one.policy === policy.name)
    .map((one) => judgeEvidence(one, Date.now()))
    .sort((a, b) => a.rule.localeCompare(b.rule));
  const verdict = verdictOn(judged);
  if (wish.json && wish.to === undefined) printJson(judged);
  else if (!wish.json) tellEvidence(judged);
  if (policy === null || wish.to === undefined) return exitCodes[verdict];
  if (verdict !== 'ready' && !wish.force) {
    print(`${verdict}: nothing is changed; --force --reason TEXT promotes all the same\n`);
    return exitCodes[verdict];
  }
  return promote(client, policy, { ...wish, to: wish.to, rule: rule ?? null, evidence: sayEvidence(judged) });
};

const promote = async (
  client: DaemonClient,
  policy: PolicyView,
  wish: PromoteWish & { readonly to: 'canary' | 'enforce'; readonly rule: string | null; readonly evidence: string },
): Promise<number> => {
  const { rule, to } = wish;
  const from = rolloutOf(policy, rule);
  const plan = planPromotion(from, { to, percent: wish.percent ?? null });
  if (plan.kind === 'refused') throw new CliProblem(`${rule ?? policy.name} cannot be promoted: ${plan.problem}`);
  const file = policy.key.slice('file:'.length);
  const text = promoteText(readFileSync(file, 'utf8'), { rule, to, percent: plan.percent });
  const policiesDir = path.join(resolvePaths(process.env).packageRoot, 'policies');
  const next = readPolicyText({ kind: 'file', path: file, text }, policiesDir);
  const checked = checkPolicy({ policy: next, test: readTestBeside(next) });
  if (checked.kind === 'refused') {
    print(`refused, ${file} is left as it is:\n${checked.problem}\n`);
    return exitCodes.invalid;
  }
  writeFileSync(`${file}.new`, text, { mode: statSync(file).mode });
  renameSync(`${file}.new`, file);
  const whither = to === 'canary' ? `canary ${plan.percent} %` : to;
  const reason = [`${rule ?? 'all rules'}: ${from.mode} to ${whither}`, wish.reason, wish.evidence]
    .filter((part) => part !== '')
    .join('; ');
  const change = await client.applyPolicy({
    source: { kind: 'file', path: file },
    runs: 'followers',
    reason: reason.slice(0, 500),
    accept: wish.yes,
  });
  if (!wish.json) print(`${escapeControls(`${file}: ${reason}`)}\n`);
  return tellChange(change, wish);
};

/** @throws CliProblem where no policy, or more than one, may be meant. */
const chosenPolicy = (items: readonly PolicyView[], file: string | undefined): PolicyView => {
  const followed = items.filter(({ runs }) => runs.length > 0);
  const found = file === undefined ? followed : followed.filter(({ key }) => key === `file:${path.resolve(file)}`);
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new CliProblem(`${found.length} policies with running jobs may be meant: name one with --policy FILE`, {
      hint: followed.map(({ key }) => key).join(', ') || 'no job runs',
    });
  if (only.key.startsWith('file:')) return only;
  throw new CliProblem(`${only.key} ships with FlowForge and is not changed`, {
    hint: `write a file with \`extends: [${only.name}]\` and a \`rollout\` of its own, and apply it`,
  });
};

/** @throws CliProblem where there is no such rule. */
const rolloutOf = ({ name, outline, trouble }: PolicyView, rule: string | null): Rollout => {
  if (outline === null) throw new CliProblem(`${name} cannot be read: ${trouble ?? 'it does not compile'}`);
  if (rule === null) return outline.rollout;
  const found = outline.rules.find(({ id }) => id === rule);
  if (found !== undefined) return found.rollout;
  const acting = outline.rules.filter(({ ladder }) => ladder.some(({ verb }) => isDestructive(verb)));
  throw new CliProblem(`${name} has no rule ${rule}`, { hint: acting.map(({ id }) => id).join(', ') });
};

const tellEvidence = (judged: readonly Judged[]): void => {
  if (judged.length === 0) print('no rule has fired: there is nothing to judge by\n');
  for (const one of judged) print(`${escapeControls(sayJudged(one))}\n`);
};

const sayEvidence = (judged: readonly Judged[]): string =>
  judged.map(({ rule, fired, right, wrong }) => `${rule} fired ${fired}, right ${right}, wrong ${wrong}`).join(', ');
