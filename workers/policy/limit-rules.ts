import type { RunLimits } from '#protocol/run-spec';
import type { SignalVector } from '#protocol/signals';
import { buildRule, ladderOf, type RuleRecipe } from './compile-rule.ts';
import type { CompiledRule, PolicyLimits } from './compiled-policy.ts';
import { formatSize } from './size.ts';

/**
 * Hard limits act at once: no warm-up, no dwell, no rollout. A run's own limit stands in the signal `limit.*`, so the
 * same rule holds both, and the tighter one is reached first.
 */
export const limitRules = (limits: PolicyLimits): readonly CompiledRule[] => {
  const { memBytes, wallClockMs } = limits;
  const memory = memBytes === null ? '' : ` || mem.rss > ${memBytes}`;
  const wall = wallClockMs === null ? '' : ` || run.age >= ${wallClockMs / 1000}`;
  return [
    limitRule({
      id: 'limit.mem.rss',
      when: `mem.rss > limit.mem_bytes${memory}`,
      summary: 'memory {{mem.rss}} is over the limit of {{limit.mem_bytes}}',
      graceMs: 0,
    }),
    limitRule({
      id: 'limit.wall_clock',
      when: `run.age >= limit.wall_s${wall}`,
      summary: 'it has run for {{run.age}}, the limit is {{limit.wall_s}}',
    }),
    ...countedLimits(limits),
  ];
};

/** Limits that hold some jobs only stand beside those of the run itself, in rules of their own. */
export const limitsOfSome = (limits: PolicyLimits, appliesTo: CompiledRule['appliesTo']): readonly CompiledRule[] => {
  const { memBytes, wallClockMs } = limits;
  const rules = [
    ...(memBytes === null
      ? []
      : [
          limitRule({
            id: 'limit.mem.rss.policy',
            when: `mem.rss > ${memBytes}`,
            summary: `memory {{mem.rss}} is over the limit of ${formatSize(memBytes)}`,
            graceMs: 0,
          }),
        ]),
    ...(wallClockMs === null
      ? []
      : [
          limitRule({
            id: 'limit.wall_clock.policy',
            when: `run.age >= ${wallClockMs / 1000}`,
            summary: `it has run for {{run.age}}, the limit is ${wallClockMs / 1000} s`,
          }),
        ]),
    ...countedLimits(limits),
  ];
  return rules.map((rule) => ({ ...rule, appliesTo }));
};

const countedLimits = ({ processes, diskWrittenBytes }: PolicyLimits): readonly CompiledRule[] => [
  ...(processes === null
    ? []
    : [
        limitRule({
          id: 'limit.procs.count',
          when: `procs.count > ${processes}`,
          summary: `{{procs.count}} processes, the limit is ${processes}`,
          graceMs: 0,
        }),
      ]),
  ...(diskWrittenBytes === null
    ? []
    : [
        limitRule({
          id: 'limit.disk.written',
          when: `disk.written > ${diskWrittenBytes}`,
          summary: `{{disk.written}} written, the limit is ${formatSize(diskWrittenBytes)}`,
        }),
      ]),
];

const limitRule = (recipe: Pick<RuleRecipe, 'id' | 'when' | 'summary' | 'graceMs'>): CompiledRule =>
  buildRule({ ...recipe, severity: 'critical', ladder: ladderOf('stop'), isLimit: true });

/** The limits a run is really held against: of the policy's and its own, the tighter. */
export const effectiveLimits = (policy: PolicyLimits, run: RunLimits): RunLimits => ({
  ...run,
  maxMemBytes: tighter(policy.memBytes, run.maxMemBytes),
  timeoutMs: tighter(policy.wallClockMs, run.timeoutMs),
});

const tighter = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

/** The `limit.*` columns of the signal vector. */
export const limitSignals = (limits: RunLimits): SignalVector => ({
  'limit.cpu_pct': limits.maxCpuPct,
  'limit.log_window': limits.logWindowLines,
  ...(limits.maxMemBytes === null ? {} : { 'limit.mem_bytes': limits.maxMemBytes }),
  ...(limits.timeoutMs === null ? {} : { 'limit.wall_s': limits.timeoutMs / 1000 }),
});
