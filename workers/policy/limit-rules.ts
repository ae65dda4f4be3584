import type { RunLimits } from '#protocol/run-spec';
import type { SignalVector } from '#protocol/signals';
import { buildRule, ladderOf } from './compile-rule.ts';
import type { CompiledRule, PolicyLimits } from './compiled-policy.ts';
import { formatSize } from './size.ts';

/**
 * Hard limits act at once: no warm-up, no dwell, no rollout. A run's own limit stands in the signal `limit.*`, so the
 * same rule holds both, and the tighter one is reached first.
 */
export const limitRules = (limits: PolicyLimits): readonly CompiledRule[] => {
  const limit = (id: string, when: string, summary: string, graceMs: number | null): CompiledRule =>
    buildRule({ id, when, summary, graceMs, severity: 'critical', ladder: ladderOf('stop'), isLimit: true });
  const { memBytes, wallClockMs, processes, diskWrittenBytes } = limits;
  const memory = memBytes === null ? '' : ` || mem.rss > ${memBytes}`;
  const wall = wallClockMs === null ? '' : ` || run.age >= ${wallClockMs / 1000}`;
  return [
    limit(
      'limit.mem.rss',
      `mem.rss > limit.mem_bytes${memory}`,
      'memory {{mem.rss}} is over the limit of {{limit.mem_bytes}}',
      0,
    ),
    limit(
      'limit.wall_clock',
      `run.age >= limit.wall_s${wall}`,
      'it has run for {{run.age}}, the limit is {{limit.wall_s}}',
      null,
    ),
    ...(processes === null
      ? []
      : [
          limit(
            'limit.procs.count',
            `procs.count > ${processes}`,
            `{{procs.count}} processes, the limit is ${processes}`,
            0,
          ),
        ]),
    ...(diskWrittenBytes === null
      ? []
      : [
          limit(
            'limit.disk.written',
            `disk.written > ${diskWrittenBytes}`,
            `{{disk.written}} written, the limit is ${formatSize(diskWrittenBytes)}`,
            null,
          ),
        ]),
  ];
};

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
