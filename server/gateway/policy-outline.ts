import type { CompiledPolicy, CompiledRule } from '#policy/compiled-policy';
import { parsePolicy } from '#policy/parse-policy';
import { tightenRollout } from '#policy/rollout';
import type { PolicyText } from '#protocol/messages';
import type { PolicyOutline, RuleOutline } from '#protocol/policy-views';

type Place = NonNullable<RuleOutline['place']>;

/** What a compiled policy says, as plain data for people and pages. */
export const outlineOf = (policy: CompiledPolicy, files: PolicyText['files']): PolicyOutline => {
  const places = placesOf(files);
  return {
    name: policy.name,
    hash: policy.hash,
    rollout: policy.rollout,
    rules: policy.rules.map((rule) => outlineRule(rule, { policy, place: places.get(rule.id) ?? null })),
    notes: policy.notes,
  };
};

const outlineRule = (
  rule: CompiledRule,
  { policy, place }: { readonly policy: CompiledPolicy; readonly place: Place | null },
): RuleOutline => ({
  id: rule.id,
  severity: rule.severity,
  summary: rule.summary.text,
  when: rule.when.text,
  unless: rule.unless?.text ?? null,
  dwellMs: rule.dwellMs,
  keepMs: rule.keepMs,
  cooldownMs: rule.cooldownMs,
  ladder: rule.ladder.map(({ verb, afterMs, onlyIf, message, resumeAfterMs }) => ({
    verb,
    afterMs,
    onlyIf,
    message,
    resumeAfterMs,
  })),
  rollout: rule.isLimit
    ? { ...policy.rollout, mode: 'enforce', percent: 100 }
    : tightenRollout(policy.rollout, rule.rollout),
  isLimit: rule.isLimit,
  condition: rule.fingerprint,
  reads: rule.reads,
  place,
});

/** The first file is the policy itself: what it says of a rule is what counts. */
const placesOf = (files: PolicyText['files']): ReadonlyMap<string, Place> => {
  const places = new Map<string, Place>();
  for (const { path, text } of files) {
    const parsed = parsePolicy(text, path);
    if (parsed.kind === 'refused') continue;
    for (const [index, { id }] of (parsed.policy.rules ?? []).entries())
      if (!places.has(id)) places.set(id, { path, line: parsed.source.problem(['rules', index], '').line });
  }
  return places;
};
