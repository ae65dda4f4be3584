import type { AgentEvent } from '#protocol/agent-events';
import type { Finding } from '#protocol/judgement';
import type { SignalVector } from '#protocol/signals';
import type { Spent } from '#protocol/spending';
import { createAgentActivity } from './agents/agent-activity.ts';
import { createAgentExplosion } from './agents/agent-explosion.ts';
import { type AgentLane, createAgentLane } from './agents/agent-lane.ts';
import { levelRank } from './agents/episode.ts';
import { createNotExiting } from './agents/not-exiting.ts';
import { createPricing, type Pricing } from './agents/pricing.ts';
import { createRetryStorm } from './agents/retry-storm.ts';
import { createTokenLedger, type LedgerView } from './agents/token-ledger.ts';
import type { Detector } from './detector.ts';

export interface AgentDetectors extends Detector<readonly AgentEvent[]> {
  /** Tokens and cost with their basis, for those who show them. */
  ledger(): LedgerView;
  /** What the run is known to have spent already. */
  takeUp(spent: Spent): void;
}

// Sub-agents watched at one time: at about 10 KB each, all that fits the bound on a run. The quietest is forgotten first: one that repeats itself is not quiet.
const keptLanes = 14;
const textDetectors = new Set(['repeated-text', 'degenerate-text']);
const toolDetectors = new Set(['tool-cycle', 'failing-call', 'same-error', 'interleaved-repeat', 'unchanged-poll']);

/** Everything that can be seen in what an agent says: one lane of detectors per agent, and those over all of them. */
export const createAgentDetectors = ({
  pricing = createPricing(),
}: {
  readonly pricing?: Pricing;
} = {}): AgentDetectors => {
  const lanes = new Map<string, AgentLane>();
  const activity = createAgentActivity();
  const explosion = createAgentExplosion();
  const storm = createRetryStorm();
  const exit = createNotExiting();
  const ledger = createTokenLedger(pricing);
  const overall = [explosion, storm, exit];
  let events = 0;

  const laneOf = (agent: string): AgentLane => {
    const known = lanes.get(agent);
    if (known !== undefined) return known;
    const fresh = createAgentLane(agent);
    lanes.set(agent, fresh);
    if (lanes.size > keptLanes) forgetQuietest(lanes, agent);
    return fresh;
  };
  const observe = (event: AgentEvent): void => {
    events++;
    // Another session is another agent: what the one before repeated is not held against it.
    if (event.kind === 'session-started') lanes.clear();
    if (event.kind === 'agent-finished') lanes.delete(event.child);
    laneOf(event.agent).observe(event, events);
    for (const watcher of overall) watcher.event?.(event, events);
    activity.observe(event);
    ledger.observe(event);
  };
  const findings = (nowMs: number): readonly Finding[] => [
    ...[...lanes.values()].flatMap((lane) => lane.findings(nowMs)),
    ...overall.map((watcher) => watcher.finding(nowMs)).filter((finding) => finding !== null),
  ];
  const levelOf = (held: readonly Finding[], concerns: (detector: string) => boolean): number =>
    held.reduce(
      (level, finding) => (concerns(finding.detector) ? Math.max(level, levelRank[finding.level]) : level),
      0,
    );

  return {
    id: 'agent',
    observe: (batch) => {
      for (const event of batch) observe(event);
    },
    findings,
    signals: (nowMs): SignalVector => {
      if (events === 0) return { 'agent.state': 'none' };
      const held = findings(nowMs);
      const all = [...lanes.values()];
      const loudest = all.reduce<AgentLane | null>(
        (best, lane) => (best === null || lane.repeats() > best.repeats() ? lane : best),
        null,
      );
      const openTool = all.map((lane) => lane.openTool()).find((tool) => tool !== null) ?? null;
      const repeats = loudest?.repeats() ?? 0;
      return {
        'agent.state': activity.state(openTool),
        ...(repeats > 1 ? { 'tools.name': loudest?.lastTool() ?? '' } : {}),
        'tools.calls': activity.calls(),
        'tools.repeats': repeats,
        'tools.error_streak': Math.max(0, ...all.map((lane) => lane.errorStreak())),
        'tools.loop_level': levelOf(held, (detector) => toolDetectors.has(detector)),
        'text.loop_level': levelOf(held, (detector) => textDetectors.has(detector)),
        'agents.active': explosion.active(),
        'agents.depth': explosion.depth(),
        'agents.spawned_5m': explosion.lastFiveMinutes(nowMs),
        'agents.fanout_level': levelOf(held, (detector) => detector === 'agent-explosion'),
        'context.compactions_10m': all.reduce((sum, lane) => sum + lane.compactions(nowMs), 0),
        'api.errors_1m': storm.errors(nowMs),
        'api.success_1m': storm.answers(nowMs),
        ...moneyOf(ledger.view(), ledger.microsOfLastTenMinutes(nowMs)),
      };
    },
    ledger: ledger.view,
    takeUp: ledger.takeUp,
    stateBytes: () => [...lanes.values(), ...overall].reduce((sum, part) => sum + part.bytes(), ledger.bytes() + 1_000),
  };
};

const moneyOf = ({ totalTokens, outputTokens, micros, basis }: LedgerView, recentMicros: number): SignalVector => ({
  'tokens.total': totalTokens,
  'tokens.output': outputTokens,
  ...(totalTokens === 0 ? {} : { 'cost.basis': basis }),
  // An unknown model is not free: without a price there is no number, and no rule can mistake it for one.
  ...(micros === null ? {} : { 'cost.usd': micros / 1_000_000, 'cost.usd_10m': recentMicros / 1_000_000 }),
});

const forgetQuietest = (lanes: Map<string, AgentLane>, spared: string): void => {
  let quietest: string | null = null;
  let sinceMs = Number.POSITIVE_INFINITY;
  for (const [agent, lane] of lanes) {
    if (agent === spared || agent === 'main' || lane.lastAtMs >= sinceMs) continue;
    quietest = agent;
    sinceMs = lane.lastAtMs;
  }
  if (quietest !== null) lanes.delete(quietest);
};
