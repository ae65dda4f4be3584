import type { PolicyOutline, RuleOutline } from '#protocol/policy-views';

/** Rules that the text in force does not have, were written in this file, and act on jobs for more than an alert. */
export const newActingRules = (
  draft: PolicyOutline,
  { active, path }: { readonly active: PolicyOutline | null; readonly path: string },
): readonly RuleOutline[] =>
  draft.rules.filter(
    (rule) =>
      rule.place?.path === path &&
      rule.rollout.mode !== 'shadow' &&
      rule.ladder.some(({ verb }) => verb !== 'alert' && verb !== 'continue') &&
      !(active?.rules ?? []).some(({ id }) => id === rule.id),
  );

/** The text with these rules in shadow; rules that set a rollout of their own are left as their author wrote them. */
export const withShadow = (text: string, rules: readonly RuleOutline[]): string => {
  const lines = text.split('\n');
  for (const { place } of rules.toSorted((a, b) => (b.place?.line ?? 0) - (a.place?.line ?? 0))) {
    const first = lines[(place?.line ?? 0) - 1] ?? '';
    const lead = /^(\s*)-\s+/.exec(first);
    const indent = ' '.repeat(lead?.[0].length ?? 0);
    const rest = lines.slice(place?.line ?? 0);
    const end = rest.findIndex((line) => line.trim() !== '' && !line.startsWith(indent));
    const own = end === -1 ? rest : rest.slice(0, end);
    if (lead === null || own.some((line) => line.startsWith(`${indent}rollout:`))) continue;
    lines.splice(place?.line ?? 0, 0, `${indent}rollout: { mode: shadow }`);
  }
  return lines.join('\n');
};
