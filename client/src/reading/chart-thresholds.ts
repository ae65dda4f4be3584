import type { LiveRule } from '#protocol/messages';
import type { RuleThreshold } from '#protocol/policy-views';
import type { SignalName } from '#protocol/signals';

type Standing = LiveRule['state'];

/** One line of a chart: all rules that compare its signals with the same value. */
export interface ChartThreshold {
  readonly value: number;
  /** Of the rule that is nearest to acting. */
  readonly state: Standing;
  /** `hot, tool-loop (pending)`. */
  readonly label: string;
  readonly signals: readonly SignalName[];
}

const ranks: readonly Standing[] = ['inactive', 'pending', 'firing'];

/** The thresholds of one chart, lowest first; `live` tells which of their rules are pending or firing. */
export const thresholdsOn = (
  signals: readonly SignalName[],
  { thresholds, live }: { readonly thresholds: readonly RuleThreshold[]; readonly live: readonly LiveRule[] },
): readonly ChartThreshold[] => {
  const own = thresholds.filter(({ signal }) => signals.includes(signal));
  const stateOf = (rule: string): Standing => live.find((one) => one.rule === rule)?.state ?? 'inactive';
  return [...new Set(own.map(({ value }) => value))]
    .sort((a, b) => a - b)
    .map((value) => {
      const here = own.filter((one) => one.value === value);
      const rules = [...new Set(here.map(({ rule }) => rule))];
      return {
        value,
        state: rules.map(stateOf).reduce((a, b) => (ranks.indexOf(b) > ranks.indexOf(a) ? b : a)),
        label: rules.map((rule) => withState(rule, stateOf(rule))).join(', '),
        signals: [...new Set(here.map(({ signal }) => signal))],
      };
    });
};

const withState = (rule: string, state: Standing): string => (state === 'inactive' ? rule : `${rule} (${state})`);
