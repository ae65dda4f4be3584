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
import { createRepeatedSession } from './agents/repeated-session.ts';
import { createRetryStorm } from './agents/retry-storm.ts';
import { createTokenLedger, emptyLedger, type LedgerView } from './agents/token-ledger.ts';
import type { Detector } from './detector.ts';

export interface AgentDetectors extends Detector<readonly AgentEvent[]> {
  /** The findings, each with the agent it is about; `main` for those over all of them. */
  heldBy(nowMs: number): readonly { readonly agent: string; readonly finding: Finding }[];
  /** Tokens and cost with their basis, for those who show them. */
  ledger(): LedgerView;
  /** What the run is known to have spent already. */
  takeUp(spent: Spent): void;
}

// Sub-agents watched at one time: at about 10 KB each, all that fits the bound on a run. The quietest is forgotten first: one that repeats itself is not quiet.
const keptLanes = 14;
const textDetectors = new Set(['repeated-text', 'degenerate-text']);
const toolDetectors = new Set([
  'tool-cycle',
  'failing-call',
  'same-error',
  'interleaved-repeat',
  'unchanged-poll',
  'repeated-session',
]);

/** Everything that can be seen in what an agent says. Nothing is kept until it says something: most runs are no agents. */
export const createAgentDetectors = ({
  pricing = createPricing(),
}: {
  readonly pricing?: Pricing;
} = {}): AgentDetectors => {
  let begun: AgentDetectors | null = null;
  const begin = (): AgentDetectors => {
    begun ??= createBegun(pricing);
    return begun;
  };
  return {
    id: 'agent',
    observe: (batch) => {
      if (batch.length > 0) begin().observe(batch);
    },
    findings: (nowMs) => begun?.findings(nowMs) ?? [],
    heldBy: (nowMs) => begun?.heldBy(nowMs) ?? [],
    signals: (nowMs) => begun?.signals(nowMs) ?? { 'agent.state': 'none' },
    ledger: () => begun?.ledger() ?? emptyLedger(pricing),
    takeUp: (spent) => begin().takeUp(spent),
    stateBytes: () => begun?.stateBytes() ?? 0,
  };
};

/** One lane of detectors per agent, and those over all of them. */
const createBegun = (pricing: Pricing): AgentDetectors => {
  const lanes = new Map<string, AgentLane>();
  const activity = createAgentActivity();
  const explosion = createAgentExplosion();
  const storm = createRetryStorm();
  const exit = createNotExiting();
  const ledger = createTokenLedger(pricing);
  const overall = [explosion, storm, exit, createRepeatedSession()];
  let events = 0;
  let showsResults = false;

  const laneOf = (agent: string): AgentLane => {
    const known = lanes.get(agent);
    if (known !== undefined) return known;
    const fresh = createAgentLane(agent, { showsResults });
    lanes.set(agent, fresh);
    if (lanes.size > keptLanes) forgetQuietest(lanes, agent);
    return fresh;
  };
  const observe = (event: AgentEvent): void => {
    events++;
    // Another session is another agent: what the one before repeated is not held against it.
    if (event.kind === 'session-started') {
      lanes.clear();
      // Every agent of a known kind tells what its calls gave; a log of chat messages may hold the calls alone.
      showsResults = event.agentKind !== 'chat';
    }
    if (event.kind === 'agent-finished') lanes.delete(event.child);
    laneOf(event.agent).observe(event, event.line);
    for (const watcher of overall) watcher.event?.(event, event.line);
    activity.observe(event);
    ledger.observe(event);
  };
  const ofAll = (nowMs: number): readonly Finding[] =>
    overall.map((watcher) => watcher.finding(nowMs)).filter((finding) => finding !== null);
  const findings = (nowMs: number): readonly Finding[] => [
    ...[...lanes.values()].flatMap((lane) => lane.findings(nowMs)),
    ...ofAll(nowMs),
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
    heldBy: (nowMs) => [
      ...[...lanes].flatMap(([agent, lane]) => lane.findings(nowMs).map((finding) => ({ agent, finding }))),
      ...ofAll(nowMs).map((finding) => ({ agent: 'main', finding })),
    ],
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
        'thinking.level': levelOf(held, (detector) => detector === 'endless-thinking'),
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
