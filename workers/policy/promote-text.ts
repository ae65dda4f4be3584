import { isMap, isSeq, parseDocument } from 'yaml';
import type { Rollout } from '#protocol/judgement';

export interface Promotion {
  /** null: the whole policy. */
  readonly rule: string | null;
  readonly to: 'canary' | 'enforce';
  /** Of a canary. */
  readonly percent: number;
}

const canarySteps = [10, 25, 50, 100] as const;

/**
 * Where a rollout may go from where it is: only wider, so that no job that it acts on is let go.
 * The problem is a sentence for people.
 */
export const planPromotion = (
  from: Rollout,
  wish: { readonly to: 'canary' | 'enforce'; readonly percent: number | null },
): { readonly kind: 'plan'; readonly percent: number } | { readonly kind: 'refused'; readonly problem: string } => {
  if (from.mode === 'enforce') return { kind: 'refused', problem: 'it is enforced already' };
  if (wish.to === 'enforce') return { kind: 'plan', percent: 100 };
  const share = from.mode === 'canary' ? from.percent : 0;
  const percent = wish.percent ?? canarySteps.find((step) => step > share) ?? 100;
  return percent > share
    ? { kind: 'plan', percent }
    : {
        kind: 'refused',
        problem: `its canary takes ${share} % already; a promotion only widens it, and ${percent} % would not`,
      };
};

/** The same text with another rollout; comments and order stay. A rule of a parent is named anew, with its rollout alone. */
export const promoteText = (text: string, { rule, to, percent }: Promotion): string => {
  const document = parseDocument(text);
  const next = to === 'canary' ? { mode: to, percent } : { mode: to };
  const put = (at: readonly (string | number)[]): void => {
    for (const [key, value] of Object.entries(next)) document.setIn([...at, key], value);
    if (to === 'enforce') document.deleteIn([...at, 'percent']);
  };
  if (rule === null) put(['rollout']);
  else {
    const rules = document.get('rules');
    const index = isSeq(rules) ? rules.items.findIndex((item) => isMap(item) && item.get('id') === rule) : -1;
    if (index >= 0) put(['rules', index, 'rollout']);
    else if (isSeq(rules)) rules.add(document.createNode({ id: rule, rollout: next }));
    else document.set('rules', document.createNode([{ id: rule, rollout: next }]));
  }
  return document.toString({ lineWidth: 0 });
};
