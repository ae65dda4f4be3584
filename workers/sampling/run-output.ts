import type { AgentEvent } from '#protocol/agent-events';
import type { LineBatch, LineMatches, OutputFigures, ProgressMark } from '#protocol/observations';
import { type OutputStream, outputStreams } from '#protocol/output-index';
import type { Redactor } from '#redaction/redact';
import { createAgentLines } from './agent-lines.ts';
import { lastSample } from './agent-stream/last-sample.ts';
import type { TrackedMetric } from './best-values.ts';
import { createHeartbeatReader, type HeartbeatReader } from './heartbeat.ts';
import type { LinePatterns } from './line-patterns.ts';
import { createOutputTail, type OutputTail, type PastChunk, type StreamGap } from './output-tail.ts';
import type { AgentTap, CreateAgentTap, CreateLineTap, LineTap } from './taps.ts';
import { createTranscriptTail, type TranscriptTail } from './transcript-tail.ts';

export interface OutputNews {
  readonly figures: OutputFigures;
  readonly lines: readonly LineBatch[];
  readonly matches: readonly LineMatches[];
  readonly events: readonly AgentEvent[];
  readonly progress: readonly ProgressMark[];
}

export interface RunOutputOptions {
  readonly runDir: string;
  readonly redact: Redactor;
  /** Lines that fit them are counted; none when left out. */
  readonly patterns?: LinePatterns;
  readonly model: string | null;
  readonly createLineTap: CreateLineTap;
  readonly createAgentTap: CreateAgentTap;
  readonly onGap: (gap: StreamGap) => void;
  /** Numbers in the output whose improvement is progress. */
  readonly tracked?: readonly TrackedMetric[];
  /** A file that the agent of this run writes beside its output. */
  readonly transcript?: { readonly path: string; readonly startedAtMs: number };
}

/** How much of each stream is read again so that detection has its windows back. */
export const refillBytes = 256 * 1024;
// An agent's tokens are counted from its first line on; its streams are small, and beyond this the count begins later.
const agentRefillBytes = 16 * 1024 * 1024;
const headBytes = 1024 * 1024;
const newline = 0x0a;

/** What one run writes, from bytes to lines, events and marks of progress. */
export class RunOutput {
  readonly #options: RunOutputOptions;
  readonly #tail: OutputTail;
  #transcript: TranscriptTail | null = null;
  #lineTap: LineTap;
  #patterns: LinePatterns;
  #agentTap: AgentTap;
  #heartbeats: HeartbeatReader;
  #agentLines = createAgentLines();
  #events: AgentEvent[] = [];
  /** What the tap's own count lacks to be that of the run. */
  #linesBefore = 0;
  #lastSaid: string | null = null;
  #unsentBytes = 0;
  #mayLag = false;

  constructor(options: RunOutputOptions) {
    this.#options = options;
    this.#tail = createOutputTail(options.runDir, options.onGap);
    this.#patterns = options.patterns ?? [];
    this.#lineTap = options.createLineTap({ firstLine: 1, redact: options.redact, patterns: this.#patterns });
    this.#agentTap = this.#newAgentTap();
    this.#heartbeats = createHeartbeatReader(options.redact, options.tracked);
    if (options.transcript !== undefined) this.follow(options.transcript.path, options.transcript);
  }

  usePatterns(patterns: LinePatterns): void {
    this.#patterns = patterns;
    this.#lineTap.usePatterns(patterns);
  }

  /** Nothing tells yet what the agent of this run does: neither its output nor a transcript. */
  get isMute(): boolean {
    return this.#transcript === null && this.#agentTap.agentKind === null;
  }

  /** Reads what an agent writes beside its output. */
  follow(path: string, { startedAtMs }: { readonly startedAtMs: number }): void {
    const { createAgentTap, redact, model } = this.#options;
    this.#transcript = createTranscriptTail(path, {
      startedAtMs,
      createTap: () => createAgentTap({ redact, model, clock: 'record' }),
    });
  }

  /** An earlier life of this thread has read some of it. */
  get isResumed(): boolean {
    return this.#tail.bytes > 0;
  }
  get lastOutputAtMs(): number | null {
    return this.#tail.lastOutputAtMs;
  }
  get unsentBytes(): number {
    return this.#unsentBytes;
  }
  get unsentLines(): number {
    return this.#lineTap.waiting;
  }
  get #lines(): number {
    return this.#linesBefore + this.#lineTap.lines;
  }

  /** Reads one buffer of each stream; the number of bytes that came. */
  read(buffer: Buffer, atMs: number): number {
    let total = 0;
    for (const stream of outputStreams) {
      const length = this.#tail.read(stream, buffer);
      if (length === 0) continue;
      total += length;
      this.#digest(stream, { chunk: buffer.subarray(0, length), atMs });
    }
    total += this.#transcript?.read(buffer, atMs) ?? 0;
    this.#mayLag = total >= buffer.length;
    if (total > 0) this.#tail.noteArrival(atMs);
    this.#unsentBytes += total;
    return total;
  }

  /** All since the last call. The index is written first: what is sent is never read again as new. */
  take(atMs: number): OutputNews {
    this.#tail.commit(this.#lines, atMs);
    this.#unsentBytes = 0;
    const batch = this.#lineTap.take();
    const events = [...this.#events, ...this.#agentTap.take(), ...(this.#transcript?.take() ?? [])];
    this.#events = [];
    this.#lastSaid = lastSample(events) ?? this.#lastSaid;
    return {
      figures: {
        lines: this.#lines,
        bytes: this.#tail.bytes,
        lagBytes: this.#mayLag ? this.#tail.lagBytes() : 0,
        lastOutputAtMs: this.#tail.lastOutputAtMs,
        lastLine: this.#lineTap.lastLine ?? this.#lastSaid,
      },
      lines: batch === null ? [] : [batch],
      matches: this.#lineTap.takeMatches(),
      events,
      progress: this.#heartbeats.take(),
    };
  }

  /** Builds everything anew from what was read already: each line has the number and about the time it had. */
  async refill(breathe: () => Promise<void>): Promise<void> {
    const resumedLines = this.#tail.resumedLines;
    const lines = Math.max(resumedLines, this.#lines);
    this.#tail.commit(lines, this.#tail.lastOutputAtMs ?? 0);
    const past = this.#tail.past(refillBytes);
    await this.#replayAgent(breathe);
    await this.#replayTranscript(breathe);
    const isAgent = this.#agentTap.agentKind !== null;
    const { createLineTap, redact, tracked } = this.#options;
    const trial = createLineTap({ firstLine: 1, redact });
    await this.#replay(past, { breathe, into: (chunk, bytes) => trial.feed(chunk.stream, bytes, chunk.atMs) });
    this.#lineTap = createLineTap({
      firstLine: Math.max(1, lines - trial.lines + 1),
      redact,
      patterns: this.#patterns,
    });
    this.#heartbeats = createHeartbeatReader(redact, tracked);
    this.#agentLines = createAgentLines();
    await this.#replay(past, {
      breathe,
      into: (chunk, bytes) => {
        if (isAgent) this.#toLines(chunk.stream, { chunk: bytes, atMs: chunk.atMs });
        else this.#digest(chunk.stream, { chunk: bytes, atMs: chunk.atMs });
      },
    });
    this.#linesBefore = 0;
    this.#linesBefore = lines - this.#lineTap.lines;
  }

  inspect(): void {
    this.#tail.inspect();
  }
  flush(atMs: number): void {
    this.#agentTap.flush(atMs);
    this.#transcript?.flush(atMs);
    this.#lineTap.flush(atMs);
  }
  close(): void {
    this.#tail.close();
    this.#transcript?.close();
  }

  #digest(stream: OutputStream, { chunk, atMs }: { chunk: Buffer; atMs: number }): void {
    this.#agentTap.feed(stream, chunk, atMs);
    this.#toLines(stream, { chunk, atMs });
  }

  #toLines(stream: OutputStream, { chunk, atMs }: { chunk: Buffer; atMs: number }): void {
    this.#heartbeats.feed(stream, chunk, atMs);
    const isAgent = this.#agentTap.agentKind !== null && stream === 'stdout';
    this.#lineTap.feed(stream, isAgent ? this.#agentLines.strip(chunk) : chunk, atMs);
  }

  /** An agent is recognised by how its stream begins, and its tokens count from there: all of it is read again. */
  async #replayAgent(breathe: () => Promise<void>): Promise<void> {
    this.#agentTap = this.#newAgentTap();
    this.#events = [];
    const all = this.#tail.past(Number.POSITIVE_INFINITY).filter((chunk) => chunk.stream === 'stdout');
    const end = all.at(-1)?.toByte ?? 0;
    const head = all.filter((chunk) => chunk.fromByte < headBytes);
    const feed = (chunk: PastChunk, bytes: Buffer): void => this.#agentTap.feed(chunk.stream, bytes, chunk.atMs);
    await this.#replay(head, { breathe, into: feed });
    if (this.#agentTap.agentKind === null) {
      this.#agentTap = this.#newAgentTap();
      return;
    }
    const rest = all.filter((chunk) => chunk.fromByte >= Math.max(headBytes, end - agentRefillBytes));
    await this.#replay(rest, { breathe, into: feed });
    this.#events = [...this.#agentTap.take()];
  }

  /** What its records tell has its own time; it comes with the windows, so that nothing of it is judged twice. */
  async #replayTranscript(breathe: () => Promise<void>): Promise<void> {
    if (this.#transcript === null) return;
    this.#transcript.restart();
    const buffer = Buffer.allocUnsafe(refillBytes);
    for (let bytes = 0; bytes < agentRefillBytes; ) {
      const length = this.#transcript.read(buffer, this.#tail.lastOutputAtMs ?? 0);
      if (length === 0) return;
      bytes += length;
      await breathe();
    }
  }

  async #replay(
    chunks: readonly PastChunk[],
    { breathe, into }: { breathe: () => Promise<void>; into: (chunk: PastChunk, bytes: Buffer) => void },
  ): Promise<void> {
    const begun = new Set<OutputStream>();
    for (const chunk of chunks) {
      const buffer = Buffer.allocUnsafe(chunk.toByte - chunk.fromByte);
      const bytes = buffer.subarray(0, this.#tail.readAgain(buffer, chunk));
      // What was cut in its middle is no line: it would look like one that never was.
      const from = begun.has(chunk.stream) || chunk.fromByte === 0 ? 0 : bytes.indexOf(newline) + 1;
      begun.add(chunk.stream);
      into(chunk, bytes.subarray(from));
      await breathe();
    }
  }

  #newAgentTap(): AgentTap {
    return this.#options.createAgentTap({ redact: this.#options.redact, model: this.#options.model });
  }
}
