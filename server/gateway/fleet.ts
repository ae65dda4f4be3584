import type { Fact } from '#protocol/facts';
import { incidentOf, runOf } from '#protocol/facts';
import { foldIncident } from '#protocol/fold-incident';
import { foldRun } from '#protocol/fold-run';
import type { TickRow } from '#protocol/gateway-api';
import type { RunId } from '#protocol/ids';
import type { LiveFrame, LiveRow } from '#protocol/messages';
import type { HostFigures } from '#protocol/observations';
import { toRunRow } from '#protocol/run-row';
import { isOver } from '#protocol/run-state';
import type { IncidentView, RunRow, RunView } from '#protocol/views';
import type { Ledger } from '#record/ledger';
import { createChangedRows } from './changed-rows.ts';

const endedRunsKept = 200;
const closedIncidentsKept = 200;

/** What is going on now, in memory: every run that is not over, the newest that are, and the numbers of the last moment. */
export interface Fleet {
  fold(facts: readonly Fact[]): void;
  watch(frame: LiveFrame): void;
  view(runId: string): RunView | null;
  live(runId: string): LiveRow | null;
  /** Newest first. */
  views(): readonly RunView[];
  rows(): readonly RunRow[];
  incidents(): readonly IncidentView[];
  host(): HostFigures | null;
  /** What changed since it was asked for last, for one frame to all who look. */
  takeChanges(): { readonly rows: readonly RunRow[]; readonly ticks: readonly TickRow[] };
}

export const loadFleet = async (ledger: Ledger): Promise<Fleet> => {
  const runs = new Map<string, RunView>();
  const incidents = new Map<string, IncidentView>();
  const ask = { cursor: null, name: null, labels: [] };
  const live = ['queued', 'starting', 'running', 'paused', 'stopping'];
  for (const states of [[], live]) {
    const page = await ledger.runs({ ...ask, states, limit: states === live ? 10_000 : endedRunsKept });
    for (const view of page.items) runs.set(view.runId, view);
  }
  for (const state of [null, 'open'] as const) {
    const page = await ledger.incidents({ cursor: null, runId: null, state, limit: closedIncidentsKept });
    for (const view of page.items) incidents.set(view.incidentId, view);
  }
  return createFleet(runs, incidents);
};

const createFleet = (runs: Map<string, RunView>, incidents: Map<string, IncidentView>): Fleet => {
  const numbers = new Map<string, LiveRow>();
  const changed = createChangedRows();
  let host: HostFigures | null = null;

  const rowOf = (view: RunView): RunRow => toRunRow(view, numbers.get(view.runId) ?? null);
  const foldOne = (fact: Fact): void => {
    const runId = runOf(fact);
    if (runId !== null) {
      const view = foldRun(runs.get(runId) ?? null, fact);
      if (view !== null) runs.set(runId, view);
      changed.folded(runId);
    }
    const incidentId = incidentOf(fact);
    if (incidentId !== null) {
      const view = foldIncident(incidents.get(incidentId) ?? null, fact);
      if (view !== null) incidents.set(incidentId, view);
    }
  };
  const forget = (): void => {
    for (const id of surplus(runs, { kept: endedRunsKept, isDone: (view) => isOver(view.state) })) {
      runs.delete(id);
      numbers.delete(id);
      changed.forget(id);
    }
    for (const id of surplus(incidents, { kept: closedIncidentsKept, isDone: (view) => view.state === 'closed' })) {
      incidents.delete(id);
    }
  };
  const views = (): readonly RunView[] => [...runs.values()].sort((a, b) => (a.runId < b.runId ? 1 : -1));

  return {
    fold: (facts) => {
      for (const fact of facts) foldOne(fact);
      forget();
    },
    watch: (frame) => {
      host = frame.host;
      for (const row of frame.rows) {
        if (!runs.has(row.runId)) continue;
        changed.seen(numbers.get(row.runId) ?? null, row);
        numbers.set(row.runId, row);
      }
    },
    view: (runId) => runs.get(runId) ?? null,
    live: (runId) => numbers.get(runId) ?? null,
    views,
    rows: () => views().map(rowOf),
    incidents: () => [...incidents.values()].sort((a, b) => (a.incidentId < b.incidentId ? 1 : -1)),
    host: () => host,
    takeChanges: () => {
      const { rows, ticks } = changed.take();
      const found = (id: RunId): RunRow[] => {
        const view = runs.get(id);
        return view === undefined ? [] : [rowOf(view)];
      };
      return { rows: rows.flatMap(found), ticks };
    },
  };
};

/** Ids beyond the newest `kept` of what is done. Ids sort by time. */
const surplus = <View>(
  all: ReadonlyMap<string, View>,
  rule: { kept: number; isDone: (view: View) => boolean },
): string[] => {
  if (all.size <= rule.kept) return [];
  const done = [...all].filter(([, view]) => rule.isDone(view)).map(([id]) => id);
  return done.sort().slice(0, Math.max(0, done.length - rule.kept));
};
