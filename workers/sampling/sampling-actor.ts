import { assertNever } from '#protocol/assert-never';
import type { RunId } from '#protocol/ids';
import type { SamplingMessage, WatchedRun } from '#protocol/messages';
import type { ObservationBatch, RunObservation } from '#protocol/observations';
import { createPolicyShelf } from '#protocol/policy-shelf';
import type { Redactor } from '#redaction/redact';
import type { Clock } from '#runtime/clock';
import type { Outlet } from '#runtime/link';
import type { TranscriptHomes } from './agent-stream/transcript.ts';
import { createFileRounds, type FileRounds } from './file-rounds.ts';
import { createHostWatch, type HostReading, type HostWatch } from './host-figures.ts';
import { giveBack } from './line-columns.ts';
import { compileLinePatterns } from './line-patterns.ts';
import { inMessages, messageRuns } from './message-size.ts';
import { type OutputGap, openRunOutput } from './open-run-output.ts';
import { largeFleet, turnMs } from './pacing.ts';
import { openProcFiles, type ProcFiles } from './proc-files.ts';
import { createProcessTable, type ProcessTable } from './process-table.ts';
import type { CreateAgentTap, CreateLineTap } from './taps.ts';
import { createTranscriptSearch, type TranscriptSearch } from './transcript-search.ts';
import { WatchedEntry } from './watched-entry.ts';

export interface SamplingOptions {
  readonly clock: Clock;
  readonly homeDir: string;
  readonly outlets: { readonly observations: Outlet<ObservationBatch> };
  readonly createLineTap: CreateLineTap;
  readonly createAgentTap: CreateAgentTap;
  redactorFor(run: WatchedRun): Redactor;
  /** Where the agents of this run keep their transcripts. */
  homesOf(run: WatchedRun): TranscriptHomes;
  report(gap: OutputGap): void;
  readonly procFiles?: ProcFiles;
  readonly readHost?: () => Promise<HostReading>;
}

export interface Sampling {
  /** `unwatch` settles when the rest was read and told, or after a second: a flood may take longer. */
  receive(message: SamplingMessage): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export const createSampling = (options: SamplingOptions): Sampling => new SamplingActor(options);

/** Batches that detection has not confirmed; beyond, output stays in its file and is read later. */
const unconfirmedAtMost = 4;
// Small enough that one buffer of the shortest lines is not much more than one message.
const readBytes = 64 * 1024;
const roundsAtMost = 64;
/** How soon to ask whether detection has caught up. */
const busyMs = 10;
const readForMs = 40;
const inspectEveryMs = 1000;
const inspectManyEveryMs = 5000;
const unwatchWaitMs = 1000;
// In a large fleet those that are calm are listened to twice a second, a fifth of them in each turn.
const calmTurns = 5;

class SamplingActor implements Sampling {
  readonly #options: SamplingOptions;
  readonly #entries = new Map<RunId, WatchedEntry>();
  readonly #table: ProcessTable;
  readonly #host: HostWatch;
  readonly #files: FileRounds;
  readonly #transcripts: TranscriptSearch;
  readonly #buffer = Buffer.allocUnsafe(readBytes);
  readonly #onShelf = createPolicyShelf();
  #unconfirmed = 0;
  #takeBackTimer: (() => void) | null = null;
  #inspectedAtMs = 0;
  #turns = 0;
  #isRunning = false;

  constructor(options: SamplingOptions) {
    const { clock, homeDir, procFiles, readHost } = options;
    this.#options = options;
    this.#table = createProcessTable(procFiles ?? openProcFiles());
    this.#host = createHostWatch({ clock, homeDir, ...(readHost === undefined ? {} : { read: readHost }) });
    this.#transcripts = createTranscriptSearch(options.homesOf);
    this.#files = createFileRounds(homeDir, (cwd, marks) => {
      for (const entry of this.#entries.values()) if (entry.run.cwd === cwd) entry.addFileMarks(marks);
    });
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#host.current();
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#takeBackTimer?.();
    await Promise.all([this.#files.settled(), this.#host.settled(), this.#transcripts.settled()]);
    for (const entry of [...this.#entries.values()]) this.#forget(entry);
    this.#table.close();
  }

  async receive(message: SamplingMessage): Promise<void> {
    switch (message.kind) {
      case 'watch':
        return this.#watch(message.run);
      case 'unwatch':
        return this.#unwatch(message.runId);
      case 'refill':
        for (const entry of [...this.#entries.values()]) await entry.refill(breathe);
        return;
      case 'policy-changed':
        return this.#usePatterns(message.runIds, message.policy.patterns);
      // A frozen run is looked at like any other, and of a policy sampling knows no more than its patterns.
      case 'paused':
      case 'resumed':
      case 'acknowledged':
      case 'budget-extended':
        return;
      default:
        return assertNever(message);
    }
  }

  #usePatterns(runIds: readonly RunId[], texts: readonly string[]): void {
    const patterns = compileLinePatterns(texts);
    for (const runId of runIds) this.#entries.get(runId)?.output.usePatterns(patterns);
  }

  async #watch(run: WatchedRun): Promise<void> {
    if (this.#entries.has(run.runId)) return;
    const redact = this.#options.redactorFor(run);
    const output = openRunOutput(run, { ...this.#options, redact });
    const entry = new WatchedEntry(
      { ...run, policy: this.#onShelf(run.policy) },
      { output, redact, monoMs: this.#options.clock.mono(), fleetSize: () => this.#entries.size },
    );
    this.#entries.set(run.runId, entry);
    this.#table.add(run);
    if (output.isResumed) await entry.refill(breathe);
  }

  async #unwatch(runId: RunId): Promise<void> {
    const entry = this.#entries.get(runId);
    if (entry === undefined) return;
    await entry.beginEnd();
    await new Promise<void>((settle) => {
      const takeBack = this.#options.clock.after(unwatchWaitMs, settle);
      entry.onForgotten = () => {
        takeBack();
        settle();
      };
    });
  }

  #schedule(delayMs: number): void {
    if (!this.#isRunning) return;
    this.#takeBackTimer = this.#options.clock.after(delayMs, () => {
      const beganMs = this.#options.clock.mono();
      if (this.#unconfirmed >= unconfirmedAtMost) return this.#schedule(busyMs);
      const hasMore = this.#turn();
      this.#schedule(hasMore ? 1 : Math.max(1, turnMs - (this.#options.clock.mono() - beganMs)));
    });
  }

  /** True when output is left to read. */
  #turn(): boolean {
    const { clock } = this.#options;
    const moment = { atMs: clock.now(), monoMs: clock.mono() };
    const unread = this.#readOutput(moment);
    this.#files.turn(new Set([...this.#entries.values()].map((entry) => entry.run.cwd)), moment);
    this.#transcripts.turn(this.#entries.values(), moment.monoMs);
    const ended = [...this.#entries.values()].filter((entry) => entry.phase === 'ending' && !unread.has(entry));
    const due = [...this.#entries.values()].filter((entry) => entry.isDue(moment.monoMs) || ended.includes(entry));
    if (due.length > 0) this.#tell(due, { moment, ended });
    return unread.size > 0;
  }

  /** Everybody gets one buffer a round, so that one flood does not silence the others; rounds go on while there is time. */
  #readOutput({ atMs, monoMs }: { atMs: number; monoMs: number }): ReadonlySet<WatchedEntry> {
    const { clock } = this.#options;
    const isLarge = this.#entries.size > largeFleet;
    const share = this.#turns++ % calmTurns;
    const following = [...this.#entries.values()].filter((entry) => entry.phase !== 'refilling');
    let open = new Set(
      isLarge ? following.filter((entry, at) => at % calmTurns === share || !entry.mayWait(monoMs)) : following,
    );
    if (monoMs - this.#inspectedAtMs >= (isLarge ? inspectManyEveryMs : inspectEveryMs)) {
      this.#inspectedAtMs = monoMs;
      for (const entry of following) entry.output.inspect();
    }
    const full = new Set<WatchedEntry>();
    for (let round = 0; round < roundsAtMost && open.size > 0; round++) {
      if (round > 0 && clock.mono() - monoMs >= readForMs) break;
      const unread = [...open].filter((entry) => entry.output.read(this.#buffer, atMs) >= this.#buffer.length);
      for (const entry of unread) if (entry.isFull) full.add(entry);
      open = new Set(unread.filter((entry) => !full.has(entry)));
    }
    return new Set([...open, ...full]);
  }

  #tell(
    due: readonly WatchedEntry[],
    { moment, ended }: { moment: { atMs: number; monoMs: number }; ended: readonly WatchedEntry[] },
  ): void {
    for (const entry of ended) entry.output.flush(moment.atMs);
    const figures = this.#table.pass(
      due.map((entry) => entry.run.runId),
      moment.monoMs,
    );
    const observe = (entry: WatchedEntry): RunObservation => {
      const { runId } = entry.run;
      return entry.observe(moment, { figures: figures.get(runId) ?? null, ended: this.#table.endedCommands(runId) });
    };
    const sent: Promise<void>[] = [];
    for (let at = 0; at < due.length; at += messageRuns) {
      const runs = due.slice(at, at + messageRuns).map(observe);
      for (const part of inMessages(runs)) sent.push(this.#send({ ...moment, host: this.#host.current(), runs: part }));
    }
    for (const entry of ended) this.#forget(entry);
    void Promise.all(sent).then(() => {
      for (const entry of ended) entry.onForgotten();
    });
  }

  async #send(batch: ObservationBatch): Promise<void> {
    this.#unconfirmed++;
    await this.#options.outlets.observations.send(batch);
    this.#unconfirmed--;
    for (const run of batch.runs) run.lines.forEach(giveBack);
  }

  #forget(entry: WatchedEntry): void {
    this.#entries.delete(entry.run.runId);
    if (entry.transcript !== null) this.#transcripts.release(entry.transcript);
    this.#table.remove(entry.run.runId);
    entry.output.close();
  }
}

/** Lets messages and heartbeats through between two pieces of long work. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
