import { compilePolicy } from '#policy/compile-policy';
import { PolicyProblem } from '#policy/problem';
import type { PolicyText } from '#protocol/messages';
import type { PolicyStore } from './policy-store.ts';

/** What has only watched for longer than it was to; `rule` null is the whole policy. */
export interface OverdueShadow {
  readonly rule: string | null;
  readonly sinceMs: number;
}

const mostTexts = 200;

/**
 * Which shadows of a policy are due for a decision. A shadow is as old as the first kept text of that name in which it
 * was one, without a break since: editing something else does not make it young again.
 */
export const overdueShadows = (policy: PolicyText, store: PolicyStore, nowMs: number): readonly OverdueShadow[] => {
  const shadows = shadowsIn(policy);
  if (shadows.length === 0) return [];
  const earlier = store
    .list()
    .slice(0, mostTexts)
    .flatMap(({ hash, sinceMs }) => {
      const text = store.find(hash);
      return text === null || text.name !== policy.name
        ? []
        : [{ sinceMs, rules: shadowsIn(text).map(({ rule }) => rule) }];
    });
  return shadows.flatMap(({ rule, remindAfterMs }) => {
    const ended = earlier.findIndex(({ rules }) => !rules.includes(rule));
    const sinceMs = earlier.slice(0, ended === -1 ? earlier.length : ended).at(-1)?.sinceMs ?? nowMs;
    return nowMs - sinceMs >= remindAfterMs ? [{ rule, sinceMs }] : [];
  });
};

const shadowsIn = (policy: PolicyText): ReturnType<typeof compilePolicy>['shadows'] => {
  try {
    return compilePolicy(policy).shadows;
  } catch (error) {
    if (error instanceof PolicyProblem) return []; // an earlier version took it; nobody is reminded of it
    throw error;
  }
};

/** `rule hot of trial has been in shadow for 16 days`. */
export const sayOverdue = (policy: string, { rule, sinceMs }: OverdueShadow, nowMs: number): string => {
  const days = Math.floor((nowMs - sinceMs) / 86_400_000);
  const what = rule === null ? `policy ${policy}` : `rule ${rule} of ${policy}`;
  return `${what} has been in shadow for ${days} days: promote it (flowforge policy promote) or take it out`;
};
