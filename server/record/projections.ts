import { In, type QueryRunner } from 'typeorm';
import { type Fact, incidentOf, runOf } from '#protocol/facts';
import { foldIncident } from '#protocol/fold-incident';
import { foldRun } from '#protocol/fold-run';
import { isOver } from '#protocol/run-state';
import type { IncidentView, RunView } from '#protocol/views';
import { IncidentEntity, type IncidentRecord, RunEntity, type RunRecord } from './entities.ts';
import { parseIncidentView, parseRunView } from './parse-rows.ts';
import { writeRows } from './write-rows.ts';

interface Views {
  readonly runs: ReadonlyMap<string, RunView>;
  readonly incidents: ReadonlyMap<string, IncidentView>;
}

/** The folds that lists are read from, kept in step with the facts inside the same transaction. */
export interface Projections {
  /** Folds and writes; nothing is believed until `keep` is called with the answer, after the commit. */
  fold(runner: QueryRunner, facts: readonly Fact[]): Promise<Views>;
  keep(folded: Views): void;
}

export const createProjections = (): Projections => {
  // Runs that are not over change often; what is over is read back when, rarely, it changes once more.
  const runs = new Map<string, RunView>();
  const incidents = new Map<string, IncidentView>();
  return {
    fold: async (runner, facts) => {
      const folded = {
        runs: await foldAll(facts, { idOf: runOf, fold: foldRun, load: (ids) => loadRuns(runner, runs, ids) }),
        incidents: await foldAll(facts, {
          idOf: incidentOf,
          fold: foldIncident,
          load: (ids) => loadIncidents(runner, incidents, ids),
        }),
      };
      await writeRows(runner, 'runs', [...folded.runs.values()].map(runColumns));
      await writeRows(runner, 'incidents', [...folded.incidents.values()].map(incidentColumns));
      return folded;
    },
    keep: (folded) => {
      for (const [id, view] of folded.runs) isOver(view.state) ? runs.delete(id) : runs.set(id, view);
      for (const [id, view] of folded.incidents)
        view.state === 'closed' ? incidents.delete(id) : incidents.set(id, view);
    },
  };
};

interface Fold<View> {
  readonly idOf: (fact: Fact) => string | null;
  readonly fold: (view: View | null, fact: Fact) => View | null;
  readonly load: (ids: readonly string[]) => Promise<ReadonlyMap<string, View>>;
}

const foldAll = async <View>(facts: readonly Fact[], how: Fold<View>): Promise<ReadonlyMap<string, View>> => {
  const ids = new Set<string>();
  for (const fact of facts) {
    const id = how.idOf(fact);
    if (id !== null) ids.add(id);
  }
  const before = await how.load([...ids]);
  const after = new Map<string, View>();
  for (const fact of facts) {
    const id = how.idOf(fact);
    if (id === null) continue;
    const old = after.get(id) ?? before.get(id) ?? null;
    const view = how.fold(old, fact);
    if (view !== null && view !== old) after.set(id, view);
  }
  return after;
};

const loadRuns = async (runner: QueryRunner, known: ReadonlyMap<string, RunView>, ids: readonly string[]) => {
  const found = pick(known, ids);
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) {
    for (const row of await runner.manager.findBy(RunEntity, { runId: In(missing) })) {
      found.set(row.runId, parseRunView(row.view));
    }
  }
  return found;
};

const loadIncidents = async (runner: QueryRunner, known: ReadonlyMap<string, IncidentView>, ids: readonly string[]) => {
  const found = pick(known, ids);
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) {
    for (const row of await runner.manager.findBy(IncidentEntity, { incidentId: In(missing) })) {
      found.set(row.incidentId, parseIncidentView(row.view));
    }
  }
  return found;
};

const pick = <View>(known: ReadonlyMap<string, View>, ids: readonly string[]): Map<string, View> => {
  const found = new Map<string, View>();
  for (const id of ids) {
    const view = known.get(id);
    if (view !== undefined) found.set(id, view);
  }
  return found;
};

const runColumns = (view: RunView): RunRecord => ({
  runId: view.runId,
  jobId: view.jobId,
  name: view.name,
  state: view.state,
  labels: labelText(view.labels),
  requestedAtMs: view.requestedAtMs,
  endedAtMs: view.endedAtMs,
  lastSeq: view.lastSeq,
  view: JSON.stringify(view),
});

const labelText = (labels: Readonly<Record<string, string>>): string =>
  `\n${Object.entries(labels)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')}`;

const incidentColumns = (view: IncidentView): IncidentRecord => ({
  incidentId: view.incidentId,
  runId: view.runId,
  rule: view.rule,
  severity: view.severity,
  state: view.state,
  openedAtMs: view.openedAtMs,
  closedAtMs: view.closedAtMs,
  view: JSON.stringify(view),
});
