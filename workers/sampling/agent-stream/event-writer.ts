import type { AgentEvent, AgentKind, TokenUsage } from '#protocol/agent-events';
import type { Redactor } from '#redaction/redact';
import { createDegenerateText, type DegenerateText, type Degeneration } from '../degenerate-text.ts';
import { effectOf } from './call-effect.ts';
import { createCallNames } from './call-names.ts';
import { argumentsOf, describeCall, hashCall } from './call-shape.ts';
import { type CallWords, wordsOfCall } from './call-words.ts';
import { hash53 } from './hash53.ts';
import { maskNumbers, maskVolatile } from './mask-volatile.ts';
import { shapeResult } from './result-shape.ts';
import { createSampler, keepId } from './sample.ts';

/** What a parser has found; the writer turns it into hashes and redacted samples, so that no parser can leak text. */
export interface EventWriter {
  /** Time and agent of what is written next. */
  at(atMs: number, agent: string): void;
  /** Line of what is written next. */
  onLine(line: number): void;
  started(kind: AgentKind, model: string | null): void;
  called(call: {
    /** Empty where the stream names none. */
    readonly callId: string;
    readonly round: string | null;
    readonly tool: string;
    readonly args: unknown;
    readonly isBackground?: boolean;
  }): void;
  returned(result: { readonly callId: string; readonly ok: boolean; readonly output: string }): void;
  said(text: string, by: { readonly thought: boolean }): void;
  heard(text: string): void;
  /** A piece of text as the model writes it; the whole message comes again through `said`, or never. */
  streamed(piece: string): void;
  messageBegan(): void;
  /** The message is whole: its last characters are judged too. */
  messageEnded(): void;
  used(
    usageId: string,
    usage: TokenUsage,
    by: { readonly model: string | null; readonly reportedUsd: number | null },
  ): void;
  costTotal(usd: number): void;
  spawned(child: string): void;
  agentFinished(child: string): void;
  asked(what: string): void;
  requestFailed(message: string, status: number | null): void;
  finished(ok: boolean, text: string): void;
  noted(kind: 'context-compacted' | 'approval-answered' | 'stream-retried' | 'turn-started' | 'turn-ended'): void;
  take(): readonly AgentEvent[];
}

const comparedChars = 16_384;
// Nested sub-agents and their streams, at one time; the oldest are forgotten first.
const keptAgents = 64;
// Calls at work at one time whose words are kept for their errors; about 1 KB each at most.
const keptCalls = 64;

// Beyond a million dollars it is no cost but a mistake, and the sums are to stay exact.
const mostUsd = 1_000_000;

export const microsOf = (usd: number): number => Math.round(Math.min(usd, mostUsd) * 1_000_000);

export const createEventWriter = (redact: Redactor): EventWriter => {
  let events: AgentEvent[] = [];
  let atMs = 0;
  let agent = 'main';
  let line = 0;
  const depths = new Map<string, number>();
  const spawningCalls = new Map<string, 'waited-for' | 'in-background'>();
  const streams = new Map<string, DegenerateText>();
  const names = createCallNames();
  const openCalls = new Map<string, CallWords>();

  const head = () => ({ atMs, line, agent });
  const write = (event: AgentEvent): void => {
    events.push(event);
  };
  const sample = createSampler(redact);
  const stream = () => {
    const known = streams.get(agent);
    if (known !== undefined) return known;
    const fresh = createDegenerateText();
    remember(streams, agent, fresh, keptAgents);
    return fresh;
  };
  const tell = (found: Degeneration | null): void => {
    if (found === null) return;
    const { level, unitChars, repeats } = found;
    write({ kind: 'text-degenerated', ...head(), unitChars, repeats, level, sample: sample(found.unit) });
  };
  const spawn = (givenId: string): void => {
    const child = keepId(givenId);
    if (depths.has(child)) return;
    const depth = (depths.get(agent) ?? 0) + 1;
    remember(depths, child, depth, 16 * keptAgents);
    write({ kind: 'agent-spawned', ...head(), child, depth });
  };

  return {
    at: (nextMs, nextAgent) => {
      atMs = nextMs;
      agent = keepId(nextAgent);
    },
    onLine: (nextLine) => {
      line = nextLine;
    },
    started: (agentKind, model) =>
      write({ kind: 'session-started', ...head(), agentKind, model: model === null ? null : keepId(model) }),
    called: ({ callId: givenId, round, tool, args: givenArgs, isBackground = false }) => {
      const args = argumentsOf(givenArgs);
      const callId = names.called(agent, keepId(givenId));
      const { mutates, waits, spawns } = effectOf(tool, args);
      const callHash = hashCall(tool, args);
      write({
        kind: 'tool-called',
        ...head(),
        callId,
        round: round === null ? null : keepId(round),
        tool: tool.slice(0, 80),
        callHash,
        mutates,
        waits,
        sample: sample(describeCall(tool, args)),
      });
      remember(openCalls, callId, wordsOfCall(tool, args), keptCalls);
      if (!spawns) return;
      remember(spawningCalls, callId, isBackground ? 'in-background' : 'waited-for', 16 * keptAgents);
      spawn(callId);
    },
    returned: ({ callId: givenId, ok, output }) => {
      const callId = names.returned(agent, keepId(givenId));
      const shape = shapeResult(output, ok, openCalls.get(callId));
      openCalls.delete(callId);
      write({ kind: 'tool-returned', ...head(), callId, ok, ...shape, sample: sample(output) });
      if (spawningCalls.get(callId) === 'waited-for') write({ kind: 'agent-finished', ...head(), child: callId });
      if (spawningCalls.get(callId) === 'waited-for') spawningCalls.delete(callId);
    },
    said: (text, { thought }) => {
      const compared = text.slice(0, comparedChars);
      if (compared.trim() === '') return;
      const textHash = hash53(maskVolatile(compared));
      write({
        kind: 'said',
        ...head(),
        textHash,
        shapeHash: hash53(maskNumbers(compared)),
        chars: text.length,
        thought,
        sample: sample(text),
      });
      tell(stream().whole(text));
    },
    heard: (text) =>
      write({ kind: 'user-spoke', ...head(), textHash: hash53(maskVolatile(text.slice(0, comparedChars))) }),
    streamed: (piece) => tell(stream().push(piece)),
    messageBegan: () => stream().restart(),
    messageEnded: () => tell(stream().end()),
    used: (usageId, usage, { model, reportedUsd }) => {
      const total = usage.input + usage.output + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
      if (total === 0) return;
      write({
        kind: 'tokens-used',
        ...head(),
        usageId: keepId(usageId),
        model: model === null ? null : keepId(model),
        usage,
        reportedMicros: reportedUsd === null ? null : microsOf(reportedUsd),
      });
    },
    costTotal: (usd) => write({ kind: 'cost-reported', ...head(), totalMicros: microsOf(usd) }),
    spawned: spawn,
    agentFinished: (givenId) => {
      const child = keepId(givenId);
      spawningCalls.delete(child);
      write({ kind: 'agent-finished', ...head(), child });
    },
    asked: (what) => write({ kind: 'approval-asked', ...head(), sample: sample(what) }),
    requestFailed: (message, status) =>
      write({
        kind: 'request-failed',
        ...head(),
        errorHash: hash53(maskNumbers(message.slice(0, 2_048))),
        status,
        sample: sample(message),
      }),
    finished: (ok, text) => write({ kind: 'finished', ...head(), ok, sample: sample(text) }),
    noted: (kind) => {
      // What is sent again is written anew, not for the second time.
      if (kind === 'stream-retried') stream().restart();
      write({ kind, ...head() });
    },
    take: () => {
      const taken = events;
      events = [];
      return taken;
    },
  };
};

const remember = <Value>(map: Map<string, Value>, key: string, value: Value, limit: number): void => {
  map.set(key, value);
  if (map.size <= limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
};
