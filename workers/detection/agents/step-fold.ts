import type { AgentEvent } from '#protocol/agent-events';
import { makeStep, type Step, type StepCall } from './step.ts';

type Called = Extract<AgentEvent, { kind: 'tool-called' }>;
type Returned = Extract<AgentEvent, { kind: 'tool-returned' }>;

interface OpenCall {
  readonly called: Called;
  readonly ids: string[];
  result: Returned | null;
}

interface OpenRound {
  readonly round: string | null;
  readonly calls: OpenCall[];
  /** Already told as a step without results, because no result had been seen in this stream. */
  readonly isTold: boolean;
}

// Calls that a stream never answers are given up when so many newer ones are open.
const maxOpenRounds = 8;
const maxCallsPerRound = 64;
const keptIds = 48;

/** Puts calls and results of one agent together into steps. */
export interface StepFold {
  called(event: Called, atLine: number): void;
  returned(event: Returned, atLine: number): void;
  /** The model's turn is over: calls without a result will not get one. */
  turnEnded(atMs: number, atLine: number): void;
  /** The transport replays what it sent: what was open comes again. */
  retried(): void;
  reset(): void;
  /** What is being waited for. */
  openTool(): string | null;
  bytes(): number;
}

export const createStepFold = (onStep: (step: Step) => void, onResultsBegan: () => void): StepFold => {
  let open: OpenRound[] = [];
  let sawResults = false;
  const recentIds: string[] = [];
  let lastClosed: { readonly round: string; readonly hashes: readonly number[] } | null = null;

  const close = (round: OpenRound, at: { readonly atMs: number; readonly atLine: number }): void => {
    open = open.filter((other) => other !== round);
    const isAnswered = round.calls.some((call) => call.result !== null);
    if (round.isTold && !isAnswered) return;
    const calls = round.calls.map(toStepCall);
    if (round.round !== null) lastClosed = { round: round.round, hashes: calls.map((call) => call.callHash) };
    onStep(makeStep(calls, { ...at, isOwnRound: round.round !== null }));
  };
  const openRound = (event: Called, atLine: number): void => {
    const at = { atMs: event.atMs, atLine };
    const call = { called: event, ids: [event.callId], result: null };
    // Nothing marks rounds and no result was ever seen here: the call itself is all there is to go by.
    const isTold = event.round === null && !sawResults;
    open.push({ round: event.round, calls: [call], isTold });
    if (isTold) onStep(makeStep([toStepCall(call)], { ...at, isOwnRound: false }));
    const oldest = open[0];
    if (open.length > maxOpenRounds && oldest !== undefined) close(oldest, at);
  };

  return {
    called: (event, atLine) => {
      // A call id comes once; what comes again is a replay, or the second half of a pair of hooks.
      if (event.callId !== '' && recentIds.includes(event.callId)) return;
      if (recentIds.push(event.callId) > keptIds) recentIds.shift();
      // The same call twice in one round is one piece of evidence, even where its twin was answered before it came.
      if (event.round !== null && event.round === lastClosed?.round && lastClosed.hashes.includes(event.callHash))
        return;
      const current = event.round === null ? undefined : open.find((round) => round.round === event.round);
      if (current === undefined) {
        if (event.round !== null) for (const other of [...open]) close(other, { atMs: event.atMs, atLine });
        return openRound(event, atLine);
      }
      const twin = current.calls.find((call) => call.called.callHash === event.callHash);
      if (twin !== undefined) twin.ids.push(event.callId);
      else if (current.calls.length < maxCallsPerRound)
        current.calls.push({ called: event, ids: [event.callId], result: null });
    },
    returned: (event, atLine) => {
      if (!sawResults) {
        sawResults = true;
        onResultsBegan();
      }
      const round = open.find((each) => each.calls.some((call) => call.ids.includes(event.callId)));
      const call = round?.calls.find((each) => each.ids.includes(event.callId));
      if (round === undefined || call === undefined) return;
      call.result = event;
      if (round.calls.every((each) => each.result !== null)) close(round, { atMs: event.atMs, atLine });
    },
    turnEnded: (atMs, atLine) => {
      for (const round of open) close(round, { atMs, atLine });
    },
    retried: () => {
      open = [];
    },
    reset: () => {
      open = [];
      lastClosed = null;
    },
    openTool: () => open.at(-1)?.calls.at(-1)?.called.tool ?? null,
    bytes: () => open.reduce((sum, round) => sum + round.calls.length * 600, keptIds * 60),
  };
};

const toStepCall = ({ called, result }: OpenCall): StepCall => ({
  callHash: called.callHash,
  resultHash: result?.resultHash ?? null,
  ok: result?.ok ?? true,
  errorHash: result?.errorHash ?? null,
  isEmpty: result?.isEmpty ?? false,
  mutates: called.mutates,
  waits: called.waits,
  tool: called.tool,
  samples: result === null || result.ok ? [called.sample] : [called.sample, result.sample],
});
