import type { AgentEvent } from '#protocol/agent-events';

export type AgentStateName = 'none' | 'working' | 'tool' | 'needs_input' | 'idle' | 'finished' | 'failed';

/** What the agent seems to be at. An approval that is asked for is a state of its own, never a stall. */
export interface AgentActivity {
  observe(event: AgentEvent): void;
  state(openTool: string | null): AgentStateName;
  calls(): number;
}

const keptAsking = 64;

export const createAgentActivity = (): AgentActivity => {
  const asking = new Set<string>();
  let base: AgentStateName = 'none';
  let calls = 0;

  return {
    observe: (event) => {
      if (event.kind === 'tool-called') calls++;
      if (event.kind === 'approval-asked') {
        if (asking.size < keptAsking) asking.add(event.agent);
        base = 'working';
        return;
      }
      // Whatever that agent does next, it has its answer; a sub-agent that goes on working answers for nobody else.
      if (event.kind !== 'tokens-used' && event.kind !== 'cost-reported') asking.delete(event.agent);
      if (event.kind === 'approval-answered' || event.kind === 'session-started') asking.clear();
      base = stateAfter(event, base);
    },
    state: (openTool) => {
      if (asking.size > 0) return 'needs_input';
      return base === 'working' && openTool !== null ? 'tool' : base;
    },
    calls: () => calls,
  };
};

const stateAfter = (event: AgentEvent, base: AgentStateName): AgentStateName => {
  switch (event.kind) {
    case 'finished':
      return event.ok ? 'finished' : 'failed';
    case 'turn-ended':
      return base === 'finished' || base === 'failed' ? base : 'idle';
    case 'tokens-used':
    case 'cost-reported':
    case 'agent-finished':
      return base === 'none' ? 'working' : base;
    default:
      return 'working';
  }
};
