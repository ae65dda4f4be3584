import { type DataSource, type FindOptionsWhere, In, LessThan, Like, MoreThan, Raw } from 'typeorm';
import type { Fact, FactKind } from '#protocol/facts';
import type { Page } from '#protocol/gateway-api';
import { toTimelineEntry } from '#protocol/timeline';
import type { IncidentView, RunView, TimelineEntry } from '#protocol/views';
import {
  FactEntity,
  type FactRow,
  IncidentEntity,
  type IncidentRecord,
  RunEntity,
  type RunRecord,
} from './entities.ts';
import { parseFact, parseIncidentView, parseRunView } from './parse-rows.ts';

interface Paging {
  readonly cursor: string | null;
  readonly limit: number;
}

export interface RunsQuery extends Paging {
  readonly states: readonly string[];
  readonly name: string | null;
  /** `key=value`; all must be there. */
  readonly labels: readonly string[];
}

export interface IncidentsQuery extends Paging {
  readonly runId: string | null;
  readonly state: 'open' | 'closed' | null;
}

export interface TimelineQuery extends Paging {
  readonly runId: string | null;
  readonly incidentId: string | null;
  readonly order: 'newest-first' | 'oldest-first';
}

/** What the record answers. Lists go by key, never by offset, so a page costs the same at the millionth row. */
export interface RecordReader {
  runs(query: RunsQuery): Promise<Page<RunView>>;
  run(runId: string): Promise<RunView | null>;
  /** Newest first, at most `limit`: runs whose id begins with the text. */
  runsByPrefix(prefix: string, limit: number): Promise<readonly RunView[]>;
  incidents(query: IncidentsQuery): Promise<Page<IncidentView>>;
  incident(incidentId: string): Promise<IncidentView | null>;
  timeline(query: TimelineQuery): Promise<Page<TimelineEntry>>;
  /** Oldest first: those of one run that are of these kinds. */
  factsOf(runId: string, kinds: readonly FactKind[]): Promise<readonly Fact[]>;
  /** Newest first. */
  ofKinds(kinds: readonly FactKind[], limit: number): Promise<readonly TimelineEntry[]>;
  /** Oldest first, in order of seq. */
  factsAfter(seq: number, limit: number): Promise<readonly Fact[]>;
}

export const createRecordReader = (source: DataSource): RecordReader => {
  const facts = source.getRepository(FactEntity);
  const runs = source.getRepository(RunEntity);
  const incidents = source.getRepository(IncidentEntity);
  return {
    runs: async (query) => {
      const rows = await runs.find({ where: whereRuns(query), order: { runId: 'DESC' }, take: query.limit + 1 });
      return toPage(rows, query.limit, { key: (row) => row.runId, item: (row) => parseRunView(row.view) });
    },
    run: async (runId) => {
      const row = await runs.findOneBy({ runId });
      return row && parseRunView(row.view);
    },
    runsByPrefix: async (prefix, limit) => {
      if (!/^[0-9A-Z]+$/.test(prefix)) return [];
      const rows = await runs.find({ where: { runId: Like(`${prefix}%`) }, order: { runId: 'DESC' }, take: limit });
      return rows.map((row) => parseRunView(row.view));
    },
    incidents: async (query) => {
      const rows = await incidents.find({
        where: whereIncidents(query),
        order: { incidentId: 'DESC' },
        take: query.limit + 1,
      });
      return toPage(rows, query.limit, { key: (row) => row.incidentId, item: (row) => parseIncidentView(row.view) });
    },
    incident: async (incidentId) => {
      const row = await incidents.findOneBy({ incidentId });
      return row && parseIncidentView(row.view);
    },
    timeline: async (query) => {
      const order = { seq: query.order === 'newest-first' ? 'DESC' : 'ASC' } as const;
      const rows = await facts.find({ where: whereFacts(query), order, take: query.limit + 1 });
      return toPage(rows, query.limit, {
        key: (row) => String(row.seq),
        item: (row) => toTimelineEntry(parseFact(row.text)),
      });
    },
    factsOf: async (runId, kinds) => {
      const rows = await facts.find({ where: { runId, kind: In([...kinds]) }, order: { seq: 'ASC' }, take: 10_000 });
      return rows.map((row) => parseFact(row.text));
    },
    ofKinds: async (kinds, limit) => {
      const rows = await facts.find({ where: { kind: In([...kinds]) }, order: { seq: 'DESC' }, take: limit });
      return rows.map((row) => toTimelineEntry(parseFact(row.text)));
    },
    factsAfter: async (seq, limit) => {
      const rows = await facts.find({ where: { seq: MoreThan(seq) }, order: { seq: 'ASC' }, take: limit });
      return rows.map((row) => parseFact(row.text));
    },
  };
};

const toPage = <Row, Item>(
  rows: readonly Row[],
  limit: number,
  read: { readonly key: (row: Row) => string; readonly item: (row: Row) => Item },
): Page<Item> => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(read.item),
    nextCursor: rows.length > limit && last !== undefined ? read.key(last) : null,
  };
};

const whereRuns = (query: RunsQuery): FindOptionsWhere<RunRecord> => ({
  ...(query.states.length > 0 && { state: In([...query.states]) }),
  ...(query.name !== null && { name: query.name }),
  ...(query.cursor !== null && { runId: LessThan(query.cursor) }),
  ...(query.labels.length > 0 && { labels: holdsAll(query.labels) }),
});

const holdsAll = (labels: readonly string[]) => {
  const parameters = Object.fromEntries(
    labels.map((label, at) => [`label${at}`, `%\n${label.replace(/[\\%_]/g, '\\$&')}\n%`]),
  );
  return Raw((column) => labels.map((_, at) => `${column} LIKE :label${at} ESCAPE '\\'`).join(' AND '), parameters);
};

const whereIncidents = (query: IncidentsQuery): FindOptionsWhere<IncidentRecord> => ({
  ...(query.runId !== null && { runId: query.runId }),
  ...(query.state !== null && { state: query.state }),
  ...(query.cursor !== null && { incidentId: LessThan(query.cursor) }),
});

const whereFacts = (query: TimelineQuery): FindOptionsWhere<FactRow> => {
  const seq = query.cursor === null ? null : Number(query.cursor);
  return {
    ...(query.runId !== null && { runId: query.runId }),
    ...(query.incidentId !== null && { incidentId: query.incidentId }),
    ...(seq !== null && { seq: query.order === 'newest-first' ? LessThan(seq) : MoreThan(seq) }),
  };
};
