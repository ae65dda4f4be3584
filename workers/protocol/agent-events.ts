/**
 * The command-line agents whose streams FlowForge understands. `chat` is any agent that logs one chat message per line
 * (`role`, `content`, calls) or one step per line (`action`, `observation`).
 */
export type AgentKind = 'claude' | 'codex' | 'gemini' | 'opencode' | 'goose' | 'openhands' | 'aider' | 'qwen' | 'chat';

/** Tokens of one model message or turn, split so that no token is counted in two columns. */
export interface TokenUsage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
}

interface EventHead {
  readonly atMs: number;
  /** Line of the output, or of the transcript, on which it was told; 0 where it was told on none. */
  readonly line: number;
  /** Which agent: `main`, or the id of the call that started a sub-agent. */
  readonly agent: string;
}

/**
 * What an agent's stream says, whatever its format. Raw text does not leave sampling: calls, results and prose are
 * 53-bit hashes of their masked, canonical form; samples are redacted and at most 200 bytes.
 */
export type AgentEvent =
  | (EventHead & { readonly kind: 'session-started'; readonly agentKind: AgentKind; readonly model: string | null })
  | (EventHead & {
      readonly kind: 'tool-called';
      readonly callId: string;
      /** Calls of one model turn share a round; null where the stream does not say. */
      readonly round: string | null;
      readonly tool: string;
      readonly callHash: number;
      /** Changes the workspace or the world: an edit, a commit, a message sent. */
      readonly mutates: boolean;
      /** `sleep`: only passes time. `poll`: asks how something that runs elsewhere is doing. Neither is repetition. */
      readonly waits: false | 'sleep' | 'poll';
      readonly sample: string;
    })
  | (EventHead & {
      readonly kind: 'tool-returned';
      readonly callId: string;
      readonly ok: boolean;
      readonly resultHash: number;
      /**
       * Hash of the masked error; null where none is to be seen. A call may succeed (`ok`) and still print one, and fail
       * without: an exit code alone is no error that another call could have in common with it.
       */
      readonly errorHash: number | null;
      /** A failure that says no more than that what was looked for is not there: an answer, rather than an error. */
      readonly isAbsence: boolean;
      readonly isEmpty: boolean;
      readonly sample: string;
    })
  | (EventHead & {
      readonly kind: 'said';
      readonly textHash: number;
      /** With every number masked: equal shapes of different texts count up or down, nothing else. */
      readonly shapeHash: number;
      readonly chars: number;
      readonly thought: boolean;
      readonly sample: string;
    })
  /** The tail of streamed model text is periodic: `unitChars` characters came `repeats` times. */
  | (EventHead & {
      readonly kind: 'text-degenerated';
      readonly unitChars: number;
      readonly repeats: number;
      readonly level: 'warn' | 'act';
      readonly sample: string;
    })
  | (EventHead & {
      readonly kind: 'tokens-used';
      /** One id is counted once; a later event with the same id replaces the earlier (its numbers are not smaller). */
      readonly usageId: string;
      readonly model: string | null;
      readonly usage: TokenUsage;
      /** Micro-dollars as the agent itself reported them; null where it does not. */
      readonly reportedMicros: number | null;
    })
  | (EventHead & { readonly kind: 'cost-reported'; readonly totalMicros: number })
  | (EventHead & { readonly kind: 'context-compacted' })
  | (EventHead & { readonly kind: 'agent-spawned'; readonly child: string; readonly depth: number })
  | (EventHead & { readonly kind: 'agent-finished'; readonly child: string })
  | (EventHead & { readonly kind: 'approval-asked'; readonly sample: string })
  | (EventHead & { readonly kind: 'approval-answered' })
  | (EventHead & {
      readonly kind: 'request-failed';
      readonly errorHash: number;
      readonly status: number | null;
      readonly sample: string;
    })
  | (EventHead & { readonly kind: 'stream-retried' })
  /** The same words again are a script's ("continue"), not a person's. */
  | (EventHead & { readonly kind: 'user-spoke'; readonly textHash: number })
  | (EventHead & { readonly kind: 'turn-started' })
  | (EventHead & { readonly kind: 'turn-ended' })
  | (EventHead & { readonly kind: 'finished'; readonly ok: boolean; readonly sample: string });
