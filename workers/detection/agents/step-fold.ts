import type { AgentEvent } from '#protocol/agent-events';
import { makeStep, type Step, type StepCall } from './step.ts';

type Called = Extract<AgentEvent, { kind: 'tool-called' }>;
type Returned = Extract<AgentEvent, { kind: 'tool-returned' }>;

interface OpenCall {
  readonly called: Called;
  /** Of this call and of equal ones made at the same time. */
  readonly ids: string[];
  /** Those without a result so far. */
  unanswered: number;
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
// So many equal calls at one time are still one batch; beyond, an answer was lost, and must not swallow all that follow.
const maxTwins = 16;

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

export interface StepListener {
  readonly step: (step: Step) => void;
  /** The first result of a stream that was believed to show none. */
  readonly resultsBegan: () => void;
  /** The stream is of a kind that shows results: a call without one is still at work. */
  readonly showsResults: boolean;
}

export const createStepFold = ({ step: onStep, resultsBegan, showsResults }: StepListener): StepFold => {
  let open: OpenRound[] = [];
  let sawResults = showsResults;
  const closedIds: string[] = [];
  /** What was done before the transport began to send again: that, it may send again too. */
  let replayed = new Set<string>();
  let lastClosed: { readonly round: string; readonly hashes: readonly number[] } | null = null;

  const close = (round: OpenRound, at: { readonly atMs: number; readonly atLine: number }): void => {
    open = open.filter((other) => other !== round);
    for (const call of round.calls) closedIds.push(...call.ids);
    closedIds.splice(0, closedIds.length - keptIds);
    const isAnswered = round.calls.some((call) => call.result !== null);
    if (round.isTold && !isAnswered) return;
    const calls = round.calls.map(toStepCall);
    if (round.round !== null) lastClosed = { round: round.round, hashes: calls.map((call) => call.callHash) };
    onStep(makeStep(calls, { ...at, isOwnRound: round.round !== null }));
  };
  const openRound = (event: Called, atLine: number): void => {
    const at = { atMs: event.atMs, atLine };
    open.push({ round: event.round, calls: [openCall(event)], isTold: event.round === null && !sawResults });
    const oldest = open[0];
    if (open.length > maxOpenRounds && oldest !== undefined) close(oldest, at);
  };

  // Where no round is marked, calls that are made before any answer came were made together; and one that is asked while
  // the very same is still unanswered cannot have been asked because of its answer.
  const batchOf = (event: Called): OpenRound | undefined =>
    open.find((round) => round.calls.some((call) => isTwin(call, event) && call.ids.length < maxTwins)) ??
    open.find((round) => round.round === null && round.calls.every(isWhollyOpen));
  const isOpen = (callId: string): boolean =>
    open.some((round) => round.calls.some((call) => call.ids.includes(callId)));

  return {
    called: (event, atLine) => {
      // While a call is open its id is its own: what has the same is a replay, or the second half of a pair of hooks.
      // Once it is answered, a new call may well be numbered as the old one was.
      if (replayed.delete(event.callId) || isOpen(event.callId)) return;
      // The same call twice in one round is one piece of evidence, even where its twin was answered before it came.
      if (event.round !== null && event.round === lastClosed?.round && lastClosed.hashes.includes(event.callHash))
        return;
      // Nothing marks rounds and no result was ever seen here: the call itself is all there is to go by.
      if (event.round === null && !sawResults)
        onStep(makeStep([toStepCall(openCall(event))], { atMs: event.atMs, atLine, isOwnRound: false }));
      const current = event.round === null ? batchOf(event) : open.find((round) => round.round === event.round);
      if (current !== undefined) return join(current, event);
      if (event.round !== null) for (const other of [...open]) close(other, { atMs: event.atMs, atLine });
      openRound(event, atLine);
    },
    returned: (event, atLine) => {
      if (!sawResults) {
        sawResults = true;
        resultsBegan();
      }
      const round = open.find((each) => each.calls.some((call) => call.ids.includes(event.callId)));
      const call = round?.calls.find((each) => each.ids.includes(event.callId));
      if (round === undefined || call === undefined) return;
      call.result = event;
      call.unanswered--;
      if (round.calls.every((each) => each.unanswered <= 0 || (round.round !== null && each.result !== null)))
        close(round, { atMs: event.atMs, atLine });
    },
    turnEnded: (atMs, atLine) => {
      for (const round of open) close(round, { atMs, atLine });
    },
    retried: () => {
      open = [];
      replayed = new Set(closedIds);
    },
    reset: () => {
      open = [];
      lastClosed = null;
    },
    openTool: () => open.flatMap((round) => round.calls).findLast((call) => call.unanswered > 0)?.called.tool ?? null,
    bytes: () => open.reduce((sum, round) => sum + round.calls.length * 600, 2 * keptIds * 60),
  };
};

const openCall = (event: Called): OpenCall => ({ called: event, ids: [event.callId], unanswered: 1, result: null });

const isTwin = ({ called, unanswered }: OpenCall, event: Called): boolean =>
  called.round === null && unanswered > 0 && called.callHash === event.callHash;

const isWhollyOpen = ({ ids, unanswered }: OpenCall): boolean => unanswered === ids.length && ids.length < maxTwins;

const join = (round: OpenRound, event: Called): void => {
  const twin = round.calls.find((call) => call.called.callHash === event.callHash);
  if (twin === undefined) {
    if (round.calls.length < maxCallsPerRound) round.calls.push(openCall(event));
    return;
  }
  twin.ids.push(event.callId);
  twin.unanswered++;
};

const toStepCall = ({ called, result }: OpenCall): StepCall => ({
  callHash: called.callHash,
  resultHash: result?.resultHash ?? null,
  ok: result?.ok ?? true,
  errorHash: result?.errorHash ?? null,
  isAbsence: result?.isAbsence ?? false,
  isEmpty: result?.isEmpty ?? false,
  mutates: called.mutates,
  waits: called.waits,
  tool: called.tool,
  samples: result === null || result.ok ? [called.sample] : [called.sample, result.sample],
});
