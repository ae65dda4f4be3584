import type { WatchedRun } from '#protocol/messages';
import type { ProcessFigures, ProgressMark, RunObservation } from '#protocol/observations';
import type { Redactor } from '#redaction/redact';
import { createChildExits } from './child-exits.ts';
import { messageLines } from './message-size.ts';
import { createPace, type Pace } from './pacing.ts';
import type { RunOutput } from './run-output.ts';
import { searchedTranscript, transcriptLabel } from './transcript-tail.ts';

export type EntryPhase = 'refilling' | 'following' | 'ending';

interface WatchedWith {
  readonly output: RunOutput;
  readonly redact: Redactor;
  readonly monoMs: number;
  readonly fleetSize: () => number;
}

/** All that sampling holds of one run. */
export class WatchedEntry {
  readonly run: WatchedRun;
  readonly output: RunOutput;
  phase: EntryPhase = 'following';
  /** The file that was found for it. */
  transcript: string | null = null;
  /** Called once the last observation is confirmed. */
  onForgotten: () => void = () => undefined;
  readonly #pace: Pace;
  readonly #childExits: (ended: readonly string[], atMs: number) => readonly ProgressMark[];
  #fileMarks: readonly ProgressMark[] = [];
  #isRefilled = false;
  #underWay: Promise<void> = Promise.resolve();

  constructor(run: WatchedRun, { output, redact, monoMs, fleetSize }: WatchedWith) {
    this.run = run;
    this.output = output;
    this.#pace = createPace(run.limits, { startedMonoMs: monoMs, fleetSize });
    this.#childExits = createChildExits(redact);
  }

  isDue(monoMs: number): boolean {
    if (this.phase === 'following') return this.#isRefilled || this.isFull || this.#pace.isDue(monoMs);
    return this.phase === 'ending' && this.isFull;
  }
  /** As much has come as one message should carry; the rest stays in its file until this was told. */
  get isFull(): boolean {
    return this.output.unsentBytes >= sendAtBytes || this.output.unsentLines >= messageLines;
  }
  /** Its output may wait for a turn or two. */
  mayWait(monoMs: number): boolean {
    return this.phase === 'following' && this.#pace.isCalm() && !this.#pace.isDue(monoMs);
  }
  addFileMarks(marks: readonly ProgressMark[]): void {
    this.#fileMarks = [...this.#fileMarks, ...marks];
  }

  async refill(breathe: () => Promise<void>): Promise<void> {
    if (this.phase !== 'following') return;
    this.phase = 'refilling';
    this.#underWay = this.output.refill(breathe);
    await this.#underWay;
    this.#isRefilled = true;
    this.phase = 'following';
  }

  /** The run's transcript is to be found, and its output has not shown what the agent does. */
  get seeksTranscript(): boolean {
    return (
      this.phase === 'following' &&
      this.run.labels[transcriptLabel] === searchedTranscript &&
      this.transcript === null &&
      this.output.isMute
    );
  }
  takeTranscript(path: string): void {
    this.transcript = path;
    // It may have begun to stream while we looked.
    if (this.output.isMute) this.output.follow(path, this.run);
  }

  /** From here on only the rest is read. */
  async beginEnd(): Promise<void> {
    await this.#underWay;
    this.phase = 'ending';
  }

  observe(
    moment: { atMs: number; monoMs: number },
    seen: { figures: ProcessFigures | null; ended: readonly string[] },
  ): RunObservation {
    const outputBytes = this.output.unsentBytes;
    const news = this.output.take(moment.atMs);
    if (seen.figures !== null) this.#pace.note(moment.monoMs, { figures: seen.figures, outputBytes });
    const progress = [...news.progress, ...this.#fileMarks, ...this.#childExits(seen.ended, moment.atMs)];
    const refill = this.#isRefilled;
    this.#fileMarks = [];
    this.#isRefilled = false;
    return {
      runId: this.run.runId,
      atMs: moment.atMs,
      process: seen.figures,
      output: news.figures,
      lines: news.lines,
      matches: news.matches,
      events: news.events,
      progress,
      refill,
    };
  }
}

/** A flood is handed on in pieces of this size, before the run's own interval is over. */
const sendAtBytes = 1024 * 1024;
