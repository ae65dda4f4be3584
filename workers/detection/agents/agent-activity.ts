import type { AgentEvent } from '#protocol/agent-events';

export type AgentStateName = 'none' | 'working' | 'tool' | 'sub_agent' | 'needs_input' | 'idle' | 'finished' | 'failed';

/** What the agent seems to be at. An approval that is asked for is a state of its own, never a stall. */
export interface AgentActivity {
  observe(event: AgentEvent): void;
  state(openTool: string | null): AgentStateName;
  calls(): number;
}

const keptAsking = 64;
const keptChildren = 256;

export const createAgentActivity = (): AgentActivity => {
  const children = createChildren();
  const asking = new Set<string>();
  let base: AgentStateName = 'none';
  let calls = 0;

  return {
    observe: (event) => {
      children.observe(event);
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
      if (base !== 'working') return base;
      // What a sub-agent may take is longer than what any tool of its own may.
      if (children.areAtWork()) return 'sub_agent';
      return openTool === null ? base : 'tool';
    },
    calls: () => calls,
  };
};

/**
 * Sub-agents at work, as far as it shows: the call that started one is still open, or it has spoken and is not done. One
 * that was sent away and is heard of no more tells nothing about a silence.
 */
const createChildren = (): { observe(event: AgentEvent): void; areAtWork(): boolean } => {
  const called = new Set<string>();
  const speaking = new Set<string>();
  let lastCall: string | null = null;
  const clear = (): void => {
    called.clear();
    speaking.clear();
  };

  return {
    observe: (event) => {
      if (event.agent !== 'main' && speaking.size < keptChildren) speaking.add(event.agent);
      if (event.kind === 'tool-called') lastCall = event.callId;
      if (event.kind === 'agent-spawned' && event.child === lastCall && called.size < keptChildren)
        called.add(event.child);
      if (event.kind === 'tool-returned') called.delete(event.callId);
      if (event.kind === 'agent-finished') {
        called.delete(event.child);
        speaking.delete(event.child);
      }
      const isOver = event.kind === 'session-started' || event.kind === 'finished' || event.kind === 'turn-ended';
      if (isOver && event.agent === 'main') clear();
    },
    areAtWork: () => called.size + speaking.size > 0,
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
