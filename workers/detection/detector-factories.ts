import type { AgentEvent } from '#protocol/agent-events';
import type { HostFigures, LineBatch, RunObservation } from '#protocol/observations';
import type { RunLimits } from '#protocol/run-spec';
import type { Spent } from '#protocol/spending';
import type { Detector } from './detector.ts';
import { LogMatches } from './log-matches.ts';

/** What a resource detector is shown. */
export interface ResourceObservation {
  readonly observation: RunObservation;
  readonly host: HostFigures;
  readonly monoMs: number;
  readonly stateOfAgent: string | null;
}

export interface AgentDetector extends Detector<readonly AgentEvent[]> {
  /** What the run is known to have spent already. */
  takeUp(spent: Spent): void;
}

export interface DetectorFactories {
  readonly createLineDetectors: (settings: { readonly logWindowLines: number }) => Detector<LineBatch>;
  readonly createAgentDetectors: () => AgentDetector;
  readonly createResourceDetectors: (limits: RunLimits) => Detector<ResourceObservation>;
}

/** All that looks at one run. */
export interface Detectors {
  readonly lines: Detector<LineBatch>;
  readonly agent: AgentDetector;
  readonly resources: Detector<ResourceObservation>;
  readonly matches: LogMatches;
}

export const createDetectors = (factories: DetectorFactories, limits: RunLimits): Detectors => ({
  lines: factories.createLineDetectors({ logWindowLines: limits.logWindowLines }),
  agent: factories.createAgentDetectors(),
  resources: factories.createResourceDetectors(limits),
  matches: new LogMatches(),
});
