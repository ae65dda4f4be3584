import type { Fact } from '#protocol/facts';
import { foldRun } from '#protocol/fold-run';
import type { Page, Problem, RunDetail, ServerToClient, SignalSeries, TimelineEntry } from '#protocol/gateway-api';
import { isOver } from '#protocol/run-state';
import { toTimelineEntry } from '#protocol/timeline';
import type { IncidentView, RunView } from '#protocol/views';
import { getJson, type Reply } from './api.ts';
import { fleet } from './fleet.svelte.ts';
import { withFact } from './incident-list.ts';
import { type ChartColumns, columnsOf, lastOf, noColumns, withMoment } from './signal-history.ts';

const maxEntries = 1000;
const pageLimit = 300;
const chartPoints = 1200;
type Tick = Parameters<ServerToClient['tick']>[0];

/** One run: how it stands, what was decided about it, and its numbers. Read once, then kept true by facts and ticks. */
export class RunStory {
  run = $state.raw<RunView | null>(null);
  incidents = $state.raw<readonly IncidentView[]>([]);
  /** Oldest first. */
  entries = $state.raw<readonly TimelineEntry[]>([]);
  columns = $state.raw<ChartColumns>(noColumns);
  cpuLimitPct = $state<number | null>(null);
  memoryLimitBytes = $state<number | null>(null);
  problem = $state.raw<Problem | null>(null);
  chartProblem = $state.raw<Problem | null>(null);
  hasEarlier = $state(false);

  readonly #runId: string;
  #early: Fact[] | null = [];

  constructor(runId: string) {
    this.#runId = runId;
  }

  open(): () => void {
    const unlisten = fleet.listen({
      facts: (facts) => this.#takeFacts(facts),
      tick: (tick) => this.#takeTick(tick),
      restarted: () => void this.#read(),
    });
    void this.#read();
    return unlisten;
  }

  async #read(): Promise<void> {
    this.#early ??= [];
    const at = `/v1/runs/${this.#runId}`;
    const [detail, timeline, series] = await Promise.all([
      getJson<RunDetail>(at),
      getJson<Page<TimelineEntry>>(`${at}/timeline?order=newest-first&limit=${pageLimit}`),
      getJson<SignalSeries>(`${at}/signals?points=${chartPoints}`),
    ]);
    this.#takeDetail(detail);
    this.#takeTimeline(timeline);
    this.#takeSeries(series);
    const early = this.#early ?? [];
    this.#early = null;
    this.#takeFacts(early);
  }

  #takeDetail(reply: Reply<RunDetail>): void {
    this.problem = reply.kind === 'problem' ? reply.problem : null;
    if (reply.kind === 'problem') return;
    this.run = reply.value.run;
    this.incidents = reply.value.incidents;
    this.cpuLimitPct ??= reply.value.run.limits?.maxCpuPct ?? null;
    this.memoryLimitBytes ??= reply.value.run.limits?.maxMemBytes ?? null;
  }

  #takeTimeline(reply: Reply<Page<TimelineEntry>>): void {
    if (reply.kind === 'problem') {
      this.problem ??= reply.problem;
      return;
    }
    this.entries = [...reply.value.items].sort((a, b) => a.seq - b.seq);
    this.hasEarlier = reply.value.nextCursor !== null;
  }

  #takeSeries(reply: Reply<SignalSeries>): void {
    this.chartProblem = reply.kind === 'problem' ? reply.problem : null;
    if (reply.kind === 'problem') return;
    this.columns = columnsOf(reply.value);
    this.cpuLimitPct = lastOf(reply.value, 'limit.cpu_pct') ?? this.cpuLimitPct;
    this.memoryLimitBytes = lastOf(reply.value, 'limit.mem_bytes') ?? this.memoryLimitBytes;
  }

  #takeFacts(facts: readonly Fact[]): void {
    const ours = facts.filter((fact) => 'runId' in fact && fact.runId === this.#runId);
    if (this.#early !== null) {
      this.#early.push(...ours);
      return;
    }
    const lastSeq = this.entries.at(-1)?.seq ?? 0;
    const fresh = ours.filter((fact) => fact.seq > lastSeq);
    if (fresh.length === 0) return;
    this.entries = [...this.entries, ...fresh.map(toTimelineEntry)].slice(-maxEntries);
    for (const fact of fresh) {
      this.run = foldRun(this.run, fact);
      this.incidents = withFact(this.incidents, fact);
    }
  }

  // The fleet heard this tick first, so its row holds the newest numbers whether they changed or not.
  #takeTick(tick: Tick): void {
    const row = fleet.find(this.#runId)?.row;
    if (row === undefined || isOver(row.state)) return;
    this.columns = withMoment(this.columns, { atMs: tick.atMs, cpuPct: row.cpuPct, rssBytes: row.rssBytes });
  }
}
