import { openPolicyStore } from '#config/policy-store';
import {
  type Interruption,
  policyOfRow,
  type ReplayedDecision,
  type ReplayedRun,
  type ReplayRow,
  replayRun,
} from '#offline/replay-run';
import { compilePolicy } from '#policy/compile-policy';
import type { CompiledPolicy } from '#policy/compiled-policy';
import { limitsOnlyPolicy } from '#policy/limits-only-policy';
import type { PolicyText } from '#protocol/messages';
import type { SignalName } from '#protocol/signals';
import { scanRows } from '#record/recording-scan';

export interface ReplayTask {
  readonly home: string;
  readonly file: string;
  readonly run: ReplayedRun;
  /** null: the policies that judged it. */
  readonly policy: PolicyText | null;
  readonly interruptions: readonly Interruption[];
  readonly until: 'end' | 'first-act';
  readonly fromMs: number;
}

export interface ReplayOutcome {
  readonly ticks: number;
  readonly decisions: readonly ReplayedDecision[];
  readonly unknownPolicies: readonly string[];
  readonly missing: readonly string[];
}

const compiled = new Map<string, CompiledPolicy>();
const compileOnce = (policy: PolicyText): CompiledPolicy => {
  const known = compiled.get(policy.hash) ?? compilePolicy(policy);
  compiled.set(policy.hash, known);
  return known;
};

/** One run, on a thread of the pool: the record is read there, so only decisions cross over. */
export const replayRecorded = async (task: ReplayTask): Promise<ReplayOutcome> => {
  const store = openPolicyStore(task.home);
  const unknown = new Set<string>();
  const seen = new Set<string>();
  const own = task.policy === null ? null : compileOnce(task.policy);

  const keptPolicy = (hash: string): CompiledPolicy => {
    const known = compiled.get(hash);
    if (known !== undefined) return known;
    const text = store.find(hash);
    if (text !== null) return compileOnce(text);
    unknown.add(hash);
    return limitsOnlyPolicy({ name: hash, hash, files: [] }, 'it is not kept');
  };
  const replay = replayRun({
    ...task,
    policyFor: (row: ReplayRow) => policyOfRow(own ?? keptPolicy(row.policyHash), row),
  });
  let ticks = 0;
  for (const row of scanRows(task.file, task.fromMs)) {
    if (ticks % 60 === 0) for (const name of Object.keys(row.signals)) seen.add(name);
    ticks += 1;
    if (!replay.tick(row)) break;
  }
  const reads: ReadonlySet<SignalName> = new Set(own?.rules.flatMap((rule) => rule.reads));
  const missing = [...reads].filter((name) => !seen.has(name) && !name.startsWith('limit.'));
  return { ticks, decisions: replay.decisions, unknownPolicies: [...unknown], missing };
};

export default replayRecorded;
