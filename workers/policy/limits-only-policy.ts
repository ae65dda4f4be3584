import type { PolicyFiles } from '#protocol/messages';
import { buildRule, ladderOf } from './compile-rule.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import { limitRules } from './limit-rules.ts';

const noLimits = { wallClockMs: null, memBytes: null, processes: null, diskWrittenBytes: null } as const;

/** What guards a run whose policy cannot be read (it was written for another version): its own limits, and an alert that says so. */
export const limitsOnlyPolicy = (policy: PolicyFiles, problem: string): CompiledPolicy => {
  const refused = buildRule({
    id: 'policy-refused',
    when: 'true',
    summary: `policy ${policy.name} cannot be used, only limits guard this run: ${problem.replaceAll('{{', '{ {')}`,
    severity: 'critical',
    ladder: ladderOf('alert'),
  });
  const rules = [...limitRules(noLimits), refused];
  return {
    name: policy.name,
    hash: policy.hash,
    rollout: { mode: 'enforce', percent: 100, salt: policy.name },
    rules,
    shadows: [],
    ids: new Set(rules.map((rule) => rule.id)),
    limits: noLimits,
    budgets: [],
    night: null,
    pricing: undefined,
    restart: null,
    notes: [],
  };
};
