import type { FindingLevel } from '#protocol/judgement';
import { Episode, type EpisodeKind } from './episode.ts';
import type { AgentWatcher } from './watcher.ts';

// One message may start a batch of ten or so sub-agents at once, and that is work. What explodes goes on: more than two a
// second, for longer than any one message takes to arrive. (188 in a minute have been seen; that is three a second.)
const burstMs = 5_000;
const burstCount = 10;
const burstSpreadMs = 2_500;
// Whatever the rhythm: nobody follows sixty of them started within a minute, or a hundred at work.
const actPerMinute = 60;
const actActive = 100;
const warnPerFiveMinutes = 40;
const warnActive = 24;
const warnDepth = 4;
const windowMs = 300_000;
const keptSpawns = 512;
const keptChildren = 2_048;

export interface Fanout {
  active(): number;
  depth(): number;
  lastFiveMinutes(nowMs: number): number;
}

const kind: EpisodeKind = {
  detector: 'agent-explosion',
  masked: [],
  progressLookedFor: ['sub-agents that finish'],
};

/** Sub-agents are started faster than anything can come of them. */
export const createAgentExplosion = (): AgentWatcher & Fanout => {
  const episode = new Episode(kind);
  const active = new Set<string>();
  let spawns: number[] = [];
  let depth = 0;

  const within = (nowMs: number, spanMs: number): readonly number[] => spawns.filter((atMs) => atMs > nowMs - spanMs);
  const levelAt = (nowMs: number): FindingLevel | null => {
    const burst = within(nowMs, burstMs);
    const spreadMs = nowMs - (burst[0] ?? nowMs);
    if (burst.length >= burstCount && spreadMs >= burstSpreadMs) return 'act';
    if (within(nowMs, 60_000).length >= actPerMinute || active.size >= actActive) return 'act';
    return spawns.length > warnPerFiveMinutes || active.size > warnActive || depth >= warnDepth ? 'warn' : null;
  };

  return {
    event: (event, atLine) => {
      if (event.kind === 'agent-finished') active.delete(event.child);
      if (event.kind !== 'agent-spawned') return;
      if (active.size < keptChildren) active.add(event.child);
      depth = Math.max(depth, event.depth);
      spawns = [...within(event.atMs, windowMs), event.atMs].slice(-keptSpawns);
      const level = levelAt(event.atMs);
      if (level === null) return episode.lose(event.atMs);
      const summary = `${spawns.length} sub-agents started in 5 minutes, ${active.size} at work, ${depth} deep`;
      episode.see({
        hard: true,
        level,
        atLine,
        atMs: event.atMs,
        count: spawns.length,
        period: null,
        summary,
        unit: 'sub-agents',
        samples: [],
      });
    },
    reset: () => undefined,
    finding: (nowMs) => episode.finding(nowMs),
    active: () => active.size,
    depth: () => depth,
    lastFiveMinutes: (nowMs) => within(nowMs, windowMs).length,
    bytes: () => 600 + spawns.length * 8 + active.size * 64,
  };
};
