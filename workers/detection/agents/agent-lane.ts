import type { AgentEvent } from '#protocol/agent-events';
import type { Finding } from '#protocol/judgement';
import { createCompactionLoop } from './compaction-loop.ts';
import { createDegenerateFlood } from './degenerate-flood.ts';
import { createEndlessThinking } from './endless-thinking.ts';
import { createFailingCall } from './failing-call.ts';
import { createInterleavedRepeat } from './interleaved-repeat.ts';
import { createRepeatedText } from './repeated-text.ts';
import { createSameError } from './same-error.ts';
import type { Step } from './step.ts';
import { createStepFold } from './step-fold.ts';
import { createToolCycle } from './tool-cycle.ts';
import { createUnchangedPoll } from './unchanged-poll.ts';
import type { AgentWatcher } from './watcher.ts';

// A script that says "continue" does so in a few ways.
const keptWords = 8;

/** All detectors of one agent: a sub-agent's repetitions are its own. */
export interface AgentLane {
  observe(event: AgentEvent, atLine: number): void;
  findings(nowMs: number): readonly Finding[];
  readonly lastAtMs: number;
  openTool(): string | null;
  lastTool(): string | null;
  repeats(): number;
  errorStreak(): number;
  compactions(nowMs: number): number;
  bytes(): number;
}

/** `showsResults`: its stream is of a kind that tells what comes of each call. */
export const createAgentLane = (agent: string, { showsResults }: { readonly showsResults: boolean }): AgentLane => {
  const cycle = createToolCycle();
  const errors = createSameError();
  const interleaved = createInterleavedRepeat();
  const compactions = createCompactionLoop();
  const watchers: readonly AgentWatcher[] = [
    cycle,
    createFailingCall(),
    errors,
    interleaved,
    createUnchangedPoll(),
    createRepeatedText(),
    compactions,
    createDegenerateFlood(),
    createEndlessThinking(),
  ];
  let lastAtMs = 0;
  let lastTool: string | null = null;
  let heard: readonly number[] = [];
  let hasSlept = false;
  const forgetUnseen = () => {
    for (const watcher of watchers) watcher.forgetUnseen?.();
  };
  const take = (given: Step): void => {
    // What is asked after a sleep is asked again on purpose: a poll, unless it changes or fails.
    const isPoll =
      hasSlept && given.waits === false && given.isSeen && !given.failed && !given.calls.some((call) => call.mutates);
    const step: Step = isPoll ? { ...given, waits: 'poll' } : given;
    hasSlept = given.waits === 'sleep';
    lastTool = step.tool;
    for (const watcher of watchers) watcher.step?.(step);
  };
  const steps = createStepFold({ step: take, resultsBegan: forgetUnseen, showsResults });
  const fold = (event: AgentEvent, atLine: number) => {
    switch (event.kind) {
      case 'tool-called':
        return steps.called(event, atLine);
      case 'tool-returned':
        return steps.returned(event, atLine);
      case 'turn-ended':
        return steps.turnEnded(event.atMs, atLine);
      case 'stream-retried':
        steps.retried();
        return forgetUnseen();
      case 'user-spoke':
        if (heard.includes(event.textHash)) return;
        heard = [...heard, event.textHash].slice(-keptWords);
        steps.reset();
        for (const watcher of watchers) watcher.reset(event.atMs);
        return;
      default:
        return;
    }
  };

  return {
    observe: (event, atLine) => {
      lastAtMs = event.atMs;
      for (const watcher of watchers) watcher.event?.(event, atLine);
      fold(event, atLine);
    },
    findings: (nowMs) =>
      watchers
        .map((watcher) => watcher.finding(nowMs))
        .filter((finding) => finding !== null)
        .map((finding) => (agent === 'main' ? finding : nameAgent(finding, agent))),
    get lastAtMs() {
      return lastAtMs;
    },
    openTool: steps.openTool,
    lastTool: () => lastTool,
    repeats: () => Math.max(cycle.repeats(), interleaved.repeats()),
    errorStreak: errors.streak,
    compactions: compactions.lastTenMinutes,
    bytes: () => watchers.reduce((sum, watcher) => sum + watcher.bytes(), steps.bytes()),
  };
};

const nameAgent = (finding: Finding, agent: string): Finding => ({
  ...finding,
  evidence: { ...finding.evidence, summary: `sub-agent ${agent.slice(0, 60)}: ${finding.evidence.summary}` },
});
