import type { PolicyStore } from '#config/policy-store';
import type { PolicyText } from '#protocol/messages';
import type { ReadPolicy } from './policy-reading.ts';
import type { RunRecord } from './run-table.ts';

/** What is in force for the runs of one source. */
export interface Slot {
  current: PolicyText;
  /** What lay in the files when they were looked at last, in force or not. */
  seen: string;
  /** For runs that come later too, also when none is left or there was none: until the file changes, or is applied. */
  rolledBack: boolean;
  problem: string | null;
}

/** With what was rolled back before this daemon came, whether a run followed it or not. */
export const openSlots = (store: PolicyStore, onLost: (problem: string) => void): Map<string, Slot> =>
  new Map(
    store
      .rolledBack(onLost)
      .map(({ key, policy, seen }) => [key, { current: policy, seen, problem: null, rolledBack: true }]),
  );

export const keepRolledBack = (store: PolicyStore, slots: ReadonlyMap<string, Slot>): void =>
  store.keepRolledBack(
    [...slots].flatMap(([key, { current, seen, rolledBack }]) => (rolledBack ? [{ key, policy: current, seen }] : [])),
  );

export const follows = (record: RunRecord, { key, policy }: ReadPolicy): boolean =>
  record.policy.hash === policy.hash && record.policyKey === key;
