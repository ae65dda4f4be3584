/** One call inside a step. `resultHash` is null where the stream never said what came of it. */
export interface StepCall {
  readonly callHash: number;
  readonly resultHash: number | null;
  readonly ok: boolean;
  readonly errorHash: number | null;
  readonly isAbsence: boolean;
  readonly isEmpty: boolean;
  readonly mutates: boolean;
  readonly waits: false | 'sleep' | 'poll';
  readonly tool: string;
  /** The call, and what it failed with. */
  readonly samples: readonly string[];
}

/** What an agent did between two looks at results: one call, or a batch of parallel calls as one set. */
export interface Step {
  readonly atLine: number;
  readonly atMs: number;
  /** Of all calls and results, whatever their order in the batch. */
  readonly token: number;
  /** Of all calls alone. */
  readonly callHash: number;
  readonly calls: readonly StepCall[];
  readonly isSeen: boolean;
  readonly failed: boolean;
  /** The error that every call of the step ended with; null where they differ, succeeded, or failed without a word. */
  readonly errorHash: number | null;
  /** Every call looked for something, and was told that it is not there. */
  readonly isAbsence: boolean;
  readonly waits: false | 'sleep' | 'poll';
  readonly isEmpty: boolean;
  /** The stream marks rounds, so the model has looked at the results before this step even if we have not. */
  readonly isOwnRound: boolean;
  readonly tool: string;
  readonly samples: readonly string[];
}

const unseen = 0x5bd1e995;

export const mixHash = (a: number, b: number): number => {
  const low = Math.imul((a >>> 0) ^ 0x9e3779b1, 0x85ebca6b) ^ Math.imul((b >>> 0) + 0x7f4a7c15, 0xc2b2ae35);
  const high = Math.imul(((a / 0x100000000) >>> 0) + 0x165667b1, 0x27d4eb2f) ^ ((b / 0x100000000) >>> 0) ^ (low >>> 11);
  return (high & 0x1fffff) * 0x100000000 + (low >>> 0);
};

const mixAll = (hashes: number[]): number => {
  if (hashes.length > 1) hashes.sort((a, b) => a - b);
  return hashes.reduce(mixHash, hashes.length);
};

export const makeStep = (
  calls: readonly StepCall[],
  at: { readonly atLine: number; readonly atMs: number; readonly isOwnRound: boolean },
): Step => {
  const [first] = calls;
  if (first === undefined) throw new TypeError('a step needs a call');
  if (calls.length === 1) return oneCall(first, calls, at);
  const everyWait = calls.every((call) => call.waits !== false);
  return {
    ...at,
    token: mixAll(calls.map((call) => mixHash(call.callHash, call.resultHash ?? unseen))),
    callHash: mixAll(calls.map((call) => call.callHash)),
    calls,
    isSeen: calls.every((call) => call.resultHash !== null),
    failed: calls.every((call) => !call.ok),
    errorHash: calls.every((call) => call.errorHash === first.errorHash) ? first.errorHash : null,
    isAbsence: calls.every(isVainLook),
    waits: everyWait ? (calls.some((call) => call.waits === 'poll') ? 'poll' : 'sleep') : false,
    isEmpty: calls.every((call) => call.isEmpty && call.ok),
    tool: first.tool,
    samples: calls.flatMap((call) => call.samples).slice(0, 4),
  };
};

/** An edit that finds no place to edit has failed; a look that finds nothing has its answer. */
const isVainLook = (call: StepCall): boolean => call.isAbsence && !call.mutates;

/** Most steps are one call, and an agent may make them by the thousand: written out, without a pass for each question. */
const oneCall = (
  call: StepCall,
  calls: readonly StepCall[],
  at: { readonly atLine: number; readonly atMs: number; readonly isOwnRound: boolean },
): Step => ({
  ...at,
  token: mixHash(1, mixHash(call.callHash, call.resultHash ?? unseen)),
  callHash: mixHash(1, call.callHash),
  calls,
  isSeen: call.resultHash !== null,
  failed: !call.ok,
  errorHash: call.errorHash,
  isAbsence: isVainLook(call),
  waits: call.waits,
  isEmpty: call.isEmpty && call.ok,
  tool: call.tool,
  samples: call.samples,
});
