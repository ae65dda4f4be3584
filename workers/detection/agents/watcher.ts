import type { AgentEvent } from '#protocol/agent-events';
import type { Finding } from '#protocol/judgement';
import type { Step } from './step.ts';

/** One detector over one agent (or one sub-agent). A fold: no clock, bounded state. */
export interface AgentWatcher {
  event?(event: AgentEvent, atLine: number): void;
  step?(step: Step): void;
  /** A person spoke, or a session began: what was repeated before does not count on. */
  reset(atMs: number): void;
  /** What was seen without results does not count any more: results arrive after all, or the stream is replayed. */
  forgetUnseen?(): void;
  finding(nowMs: number): Finding | null;
  bytes(): number;
}
