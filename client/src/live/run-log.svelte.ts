import type { LogLine, LogPage, Problem } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import { toVisibleText } from '../reading/log-text.ts';
import { getJson } from './api.ts';
import { fleet } from './fleet.svelte.ts';

export type ShownLine =
  | {
      readonly kind: 'line';
      readonly key: string;
      readonly stream: LogLine['stream'];
      readonly atMs: number | null;
      readonly text: string;
    }
  /** Lines that came faster than this page could take them; they are in the file. */
  | { readonly kind: 'gap'; readonly key: string; readonly dropped: number };

const maxLines = 5000;
const firstPageLines = 1000;

/** The log of one run, from near its end. While nobody follows, new lines wait outside so that nothing moves under the eye. */
export class RunLog {
  lines = $state.raw<readonly ShownLine[]>([]);
  waiting = $state.raw<readonly ShownLine[]>([]);
  following = $state(true);
  isLoaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Newest lines are kept; what left the top is counted. */
  forgotten = $state(0);

  readonly #runId: RunId;
  readonly #next: Record<LogLine['stream'], number> = { stdout: 0, stderr: 0 };
  #early: { lines: readonly LogLine[]; dropped: number }[] = [];
  #gaps = 0;

  constructor(runId: RunId) {
    this.#runId = runId;
  }

  /** Follows first and reads second: a line written in between is then seen twice and shown once. */
  open(): () => void {
    return fleet.followLog(this.#runId, {
      watching: (problem) => void this.#readAgain(problem),
      lines: (lines, dropped) => this.#take(lines, dropped),
    });
  }

  follow(): void {
    this.following = true;
    this.#show(this.waiting);
    this.waiting = [];
  }

  hold(): void {
    this.following = false;
  }

  async #readAgain(watchProblem: Problem | null): Promise<void> {
    this.isLoaded = false;
    const reply = await getJson<LogPage>(`/v1/runs/${this.#runId}/log?tail=${firstPageLines}`);
    if (reply.kind === 'problem') {
      this.problem = reply.problem;
      return;
    }
    this.problem = watchProblem;
    this.#next.stdout = 0;
    this.#next.stderr = 0;
    this.waiting = [];
    this.lines = this.#accept(reply.value.lines);
    Object.assign(this.#next, reply.value.next);
    this.isLoaded = true;
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) this.#take(chunk.lines, chunk.dropped);
  }

  #take(lines: readonly LogLine[], dropped: number): void {
    if (!this.isLoaded) {
      this.#early.push({ lines, dropped });
      return;
    }
    const gap: readonly ShownLine[] = dropped === 0 ? [] : [{ kind: 'gap', key: `gap-${++this.#gaps}`, dropped }];
    const fresh = [...gap, ...this.#accept(lines)];
    if (this.following) this.#show(fresh);
    else this.waiting = [...this.waiting, ...fresh].slice(-maxLines);
  }

  #show(fresh: readonly ShownLine[]): void {
    const all = [...this.lines, ...fresh];
    this.forgotten += Math.max(0, all.length - maxLines);
    this.lines = all.slice(-maxLines);
  }

  #accept(lines: readonly LogLine[]): readonly ShownLine[] {
    const fresh = lines.filter((line) => line.offset >= this.#next[line.stream]);
    for (const line of fresh) this.#next[line.stream] = line.offset + 1;
    return fresh.map(({ stream, offset, atMs, text }) => ({
      kind: 'line',
      key: `${stream}-${offset}`,
      stream,
      atMs,
      text: toVisibleText(text),
    }));
  }
}
