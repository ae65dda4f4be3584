import type { PolicyStore } from '#config/policy-store';
import { overdueShadows, sayOverdue } from '#config/shadow-age';
import type { FactBody } from '#protocol/facts';
import type { ActivePolicy } from '#protocol/policies';
import type { Clock } from '#runtime/clock';

const lookEveryMs = 3_600_000;
const firstLookMs = 30_000;
const againAfterMs = 24 * 3_600_000;

/** Reminds once a day of what only watches for longer than it was to: a shadow that nobody decides on is furniture. */
export const createShadowWatch = (options: {
  readonly clock: Clock;
  readonly store: PolicyStore;
  readonly active: () => readonly ActivePolicy[];
  readonly say: (body: FactBody) => void;
}): { readonly start: () => void; readonly stop: () => void } => {
  const { clock, store } = options;
  const remindedAtMs = new Map<string, number>();
  let takeBack: (() => void) | null = null;

  const look = (): void => {
    const nowMs = clock.now();
    for (const { key, name, hash } of options.active()) {
      const policy = store.find(hash);
      for (const shadow of policy === null ? [] : overdueShadows(policy, store, nowMs)) {
        const id = `${key} ${shadow.rule ?? ''}`;
        if (nowMs - (remindedAtMs.get(id) ?? 0) < againAfterMs) continue;
        remindedAtMs.set(id, nowMs);
        const note = sayOverdue(name, shadow, nowMs);
        options.say({ kind: 'shadow-overdue', source: key, name, hash, ...shadow, severity: 'info', note });
      }
    }
    takeBack = clock.after(lookEveryMs, look);
  };

  return {
    start: () => {
      takeBack = clock.after(firstLookMs, look);
    },
    stop: () => takeBack?.(),
  };
};
