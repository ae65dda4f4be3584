import path from 'node:path';
import type { DaemonClient } from '#cli/daemon-client';
import { ensureDaemon } from '#cli/ensure-daemon';
import { findPolicy } from '#cli/named-policy';
import { print, printJson } from '#cli/output';
import { CliProblem } from '#cli/problem';
import { escapeControls } from '#cli/render/escape';
import { lineDiff } from '#config/line-diff';
import { resolvePaths } from '#config/paths';
import { openPolicyStore } from '#config/policy-store';
import { overdueShadows, sayOverdue } from '#config/shadow-age';
import type { Fact } from '#protocol/facts';
import type { PolicyText } from '#protocol/messages';
import type { ApplyPolicy, PolicyChange } from '#protocol/policies';

interface Asked {
  readonly reason: string;
  readonly yes: boolean;
  readonly json: boolean;
}

const connect = (): Promise<DaemonClient> => ensureDaemon(resolvePaths(process.env));

/** Of `policy check` and `test`, too: 2 is a file that is not valid. */
const exitCodes = { applied: 0, unchanged: 0, held: 1, refused: 2 } as const;

/** `flowforge policy apply FILE`: for the running jobs that follow it, those named, or all. */
export const policyApply = async (
  file: string,
  options: Asked & { readonly run: readonly string[]; readonly all: boolean },
): Promise<number> => {
  const client = await connect();
  const named = await Promise.all(options.run.map(async (ref) => (await client.run(ref)).run.runId));
  const runs: ApplyPolicy['runs'] = options.all ? 'all' : named.length > 0 ? named : 'followers';
  const { reason, yes: accept } = options;
  return tellChange(await client.applyPolicy({ source: sourceOf(file), runs, reason, accept }), options);
};

/** `flowforge policy rollback [FILE] [HASH]`: the one before, or any earlier one. */
export const policyRollback = async (
  file: string | undefined,
  options: Asked & { readonly to: string | undefined },
): Promise<number> => {
  const client = await connect();
  const key = file === undefined ? await onlyKey(client) : keyOf(file);
  const wanted = options.to;
  const earlier = await earlierTexts(client, key);
  const hash = wanted === undefined ? earlier[0] : earlier.find((one) => one.startsWith(wanted));
  if (hash === undefined)
    throw new CliProblem(
      `there is no earlier policy of ${key}${wanted === undefined ? '' : ` that begins with ${wanted}`}`,
      {
        hint: '`flowforge policy history` lists what there was',
      },
    );
  const { reason, yes: accept } = options;
  return tellChange(await client.rollbackPolicy({ key, hash, reason, accept }), options);
};

/** Says what became of a wish to change the policy in force; the exit code. */
export const tellChange = (change: PolicyChange, { json }: { readonly json: boolean }): number => {
  if (json) printJson(change);
  else print(`${escapeLines(sentenceOf(change))}\n`);
  return exitCodes[change.kind];
};

const sentenceOf = (change: PolicyChange): string => {
  const short = (hash: string | null): string => hash?.slice(0, 8) ?? 'none';
  switch (change.kind) {
    case 'applied':
      return `in force: ${short(change.hash)} for ${whom(change.runs)}, ${change.tests} tests passed, ${change.tookMs} ms`;
    case 'unchanged':
      return `already in force: ${short(change.hash)} for ${whom(change.runs)}`;
    case 'refused':
      return `refused${change.keptHash === null ? '' : `, ${short(change.keptHash)} stays in force`}:\n${change.problem}`;
    case 'held':
      return [
        `held: it would act on more than ${change.most} running jobs; ${short(change.keptHash)} stays in force`,
        ...change.effects.map(({ name, runId, rule, verb, due }) => `  ${name} (${runId}): ${verb} by ${rule}, ${due}`),
        '  next: again with --yes to accept that',
      ].join('\n');
  }
};

const whom = (runs: number): string => (runs === 0 ? 'the next run (no live run follows it)' : `${runs} running jobs`);

/** `flowforge policy history`: every switch, refusal and hold, newest first. */
export const policyHistory = async ({ json }: { readonly json: boolean }): Promise<number> => {
  const { items } = await (await connect()).policyHistory();
  if (json) printJson(items.map(({ fact }) => fact));
  else if (items.length === 0) print('no policy was changed while jobs ran\n');
  else for (const { atMs, text } of items) print(`${escapeLines(`${new Date(atMs).toISOString()}  ${text}`)}\n`);
  return 0;
};

/** `flowforge policy active`: what judges running jobs now. */
export const policyActive = async ({ json }: { readonly json: boolean }): Promise<number> => {
  const active = await (await connect()).activePolicies();
  const store = openPolicyStore(resolvePaths(process.env).home);
  const told = active.map((one) => {
    const policy = store.find(one.hash);
    const overdue = policy === null ? [] : overdueShadows(policy, store, Date.now());
    return { ...one, reminders: overdue.map((shadow) => sayOverdue(one.name, shadow, Date.now())) };
  });
  if (json) printJson(told);
  else if (told.length === 0) print('no job runs, so no policy is in force\n');
  else
    for (const { key, hash, runIds, problem, reminders } of told) {
      const notes = [...(problem === null ? [] : [problem]), ...reminders].map((note) => `\n  ${note}`);
      print(
        `${escapeLines(`${hash.slice(0, 8)}  ${key}  ${runIds.length === 0 ? 'rolled back, for the next run' : `${runIds.length} runs`}${notes.join('')}`)}\n`,
      );
    }
  return 0;
};

/**
 * `flowforge policy diff [A] [B]`: hashes of the history, files, shipped names or `active`. Without them, the last switch;
 * with one, what is active against it.
 */
export const policyDiff = async (from: string | undefined, to: string | undefined): Promise<number> => {
  const client = await connect();
  const [last] = from === undefined ? await switches(client) : [];
  if (from === undefined && last === undefined)
    throw new CliProblem('no policy was changed while jobs ran: name two', {
      hint: 'hashes of `flowforge policy history`, files, shipped names or active',
    });
  const [before, after] = [
    await findPolicy(client, to === undefined ? (last?.previousHash ?? 'active') : (from ?? 'active')),
    await findPolicy(client, to ?? from ?? last?.hash ?? 'active'),
  ];
  const textOf = ({ files }: PolicyText): string => files.map(({ text }) => text).join('\n');
  const diff = lineDiff(textOf(before), textOf(after));
  print(`${escapeLines(diff === '' ? 'no difference' : diff)}\n`);
  return 0;
};

type Applied = Extract<Fact, { kind: 'policy-applied' }>;

const switches = async (client: DaemonClient): Promise<readonly Applied[]> =>
  (await client.policyHistory()).items.flatMap(({ fact }) => (fact.kind === 'policy-applied' ? [fact] : []));

/**
 * What the policy said before it says what it says now, newest first: before the last switch, then all that is kept of it.
 * Edited between two runs, a file leaves no switch behind, only the texts that judged.
 */
const earlierTexts = async (client: DaemonClient, key: string): Promise<readonly string[]> => {
  const applied = (await switches(client)).filter((fact) => fact.source === key);
  const now = (await client.policies()).items.find((one) => one.key === key)?.hash ?? applied[0]?.hash;
  const store = openPolicyStore(resolvePaths(process.env).home);
  const kept = store.list().filter(({ hash }) => `file:${store.find(hash)?.files[0]?.path}` === key);
  const before = applied.slice(0, 1).flatMap((fact) => (fact.hash === now ? [fact.previousHash] : []));
  const all = [
    ...before,
    ...kept.map(({ hash }) => hash),
    ...applied.flatMap((fact) => [fact.hash, fact.previousHash]),
  ];
  return [...new Set(all.filter((hash) => hash !== now))];
};

const onlyKey = async (client: DaemonClient): Promise<string> => {
  const active = await client.activePolicies();
  const [only] = active;
  if (only !== undefined && active.length === 1) return only.key;
  throw new CliProblem(`${active.length} policies are in force: name one of them`, {
    hint: active.map(({ key }) => key).join(', ') || 'no job runs',
  });
};

const sourceOf = (file: string): ApplyPolicy['source'] =>
  file.includes('/') || /\.ya?ml$/.test(file)
    ? { kind: 'file', path: path.resolve(file) }
    : { kind: 'shipped', name: file };

const keyOf = (file: string): string => {
  const source = sourceOf(file);
  return source.kind === 'shipped' ? `shipped:${source.name}` : `file:${source.path}`;
};

const escapeLines = (text: string): string => text.split('\n').map(escapeControls).join('\n');
