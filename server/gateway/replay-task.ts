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
  readonly missing: readonly SignalName[];
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
  const reads = own?.rules.flatMap((rule) => rule.reads).filter((name) => !name.startsWith('limit.'));
  const missing = new Set<SignalName>(reads);
  let ticks = 0;
  for (const row of scanRows(task.file, task.fromMs)) {
    for (const name of missing) if (row.signals[name] !== undefined) missing.delete(name);
    ticks += 1;
    if (!replay.tick(row)) break;
  }
  return { ticks, decisions: replay.decisions, unknownPolicies: [...unknown], missing: [...missing] };
};

export default replayRecorded;
