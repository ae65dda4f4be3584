import type { Evidence } from '#protocol/judgement';
import { type LineBatch, lineFlag, type ProgressMark, type RunObservation } from '#protocol/observations';
import type { SignalVector } from '#protocol/signals';
import { createProgressFold } from './agents/progress-of.ts';
import { FailingCycle } from './failing-cycle.ts';
import { RecentHashes } from './recent-hashes.ts';
import { RecentSet } from './recent-set.ts';

const lookedFor = [
  'a heartbeat or a progress figure that changed',
  'a kind of line not seen before, or a number that moves outside a failing cycle',
  'a file changed under the working directory',
  'a process of the tree that finished',
  'a tool result not seen before',
] as const;

/**
 * A line is only fresh where the tap, which remembers thousands of shapes, did not know it; these only add
 * the kinds that were seen before they failed. 6 KB.
 */
const rememberedTemplates = 512;

const failingOf = (flags: number): boolean => (flags & lineFlag.failing) !== 0;
/** Lines without anything new after which an ended child says no more: a retry loop ends children all the time. */
const quietLines = 10;
/** What a run may have done unseen (files, children) before it was taken up: the longest any rule that ships waits, and no more. */
const assumedQuietMs = 30_000;

/** Remembers the newest evidence that a run moves forward. Time is that of the run: it stands still while the run is paused. */
export class ProgressGuard {
  #newestMs = 0;
  #sharePct: number | null = null;
  #templates = new RecentHashes(rememberedTemplates);
  #results = createProgressFold();
  #tokens = new RecentSet<string>(128);
  #words = new RecentSet<number>(16);
  #cycle = new FailingCycle();
  #linesSinceNew = 0;
  #isAgent = false;

  /** @param runMs the run's own time, milliseconds since it is watched. */
  observe(observation: RunObservation, runMs: number): void {
    const seenAt = (atMs: number): void => {
      const backMs = Math.max(0, observation.atMs - atMs);
      this.#newestMs = Math.max(this.#newestMs, runMs - backMs);
    };
    // Only an agent's stream has events, and it need not begin where we began to read.
    this.#isAgent ||= observation.events.length > 0;
    // A loop controller sends its prompt for ever: the same words again are no person who came back.
    for (const event of observation.events)
      if (event.kind === 'user-spoke' && this.#words.add(event.textHash)) seenAt(event.atMs);
    for (const result of this.#results.observe(observation.events)) seenAt(result.atMs);
    for (const batch of observation.lines) this.#observeLines(batch, seenAt);
    for (const mark of observation.progress) {
      this.#sharePct = mark.sharePct ?? this.#sharePct;
      if (this.#isNewMark(mark)) seenAt(mark.atMs);
    }
  }

  /** The run is older than our eyes: what it did before is read again, and only that speaks for it. */
  takeUp(ageMs: number): void {
    this.#newestMs = -Math.min(ageMs, assumedQuietMs);
  }

  /** The windows are read again; when progress was last seen stays known. */
  forgetWindows(): void {
    this.#templates = new RecentHashes(rememberedTemplates);
    this.#results = createProgressFold();
    this.#cycle = new FailingCycle();
    this.#linesSinceNew = 0;
  }

  signals(runMs: number): SignalVector {
    const age = { 'progress.age': Math.max(0, runMs - this.#newestMs) / 1000 };
    return this.#sharePct === null ? age : { ...age, 'progress.share_pct': this.#sharePct };
  }

  /** What would have spoken for the job, and for how long none of it was seen. */
  evidence(atMs: number, runMs: number): Evidence {
    const ageMs = Math.max(0, runMs - this.#newestMs);
    return {
      summary: `nothing moved forward for ${(ageMs / 1000).toFixed(1)} s`,
      samples: [],
      unit: 's',
      period: null,
      count: null,
      firstAtMs: atMs - ageMs,
      lastAtMs: atMs,
      masked: [],
      progressLookedFor: lookedFor,
    };
  }

  #observeLines(batch: LineBatch, seenAt: (atMs: number) => void): void {
    for (let index = 0; index < batch.count; index++) {
      const flags = batch.flags[index] ?? 0;
      if ((flags & lineFlag.blank) !== 0) continue;
      const isNew = this.#isNewLine(batch.l2[index] ?? 0, flags);
      this.#linesSinceNew = isNew ? 0 : this.#linesSinceNew + 1;
      // An agent's stream is new JSON on each line, whatever the agent does; its events speak for it.
      if (isNew && !this.#isAgent) seenAt(batch.atMs[index] ?? 0);
    }
  }

  #isNewLine(l2: number, flags: number): boolean {
    const inFailingCycle = this.#cycle.push(l2, failingOf(flags));
    const knownTemplate = !this.#templates.add(l2);
    if ((flags & lineFlag.fresh) === 0) return false;
    if (failingOf(flags)) return !knownTemplate;
    return !inFailingCycle || (flags & lineFlag.progress) !== 0;
  }

  /** The same token twice is a heart that beats without anybody at home. */
  #isNewMark(mark: ProgressMark): boolean {
    const isNew = this.#tokens.add(`${mark.source}:${mark.sharePct ?? ''}:${mark.detail}`);
    return isNew && (mark.source !== 'child-exit' || this.#linesSinceNew < quietLines);
  }
}
