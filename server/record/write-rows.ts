import type { QueryRunner } from 'typeorm';
import type { AnchorRow, FactRow, IncidentRecord, RunRecord } from './entities.ts';

interface Tables {
  readonly facts: FactRow;
  readonly runs: RunRecord;
  readonly incidents: IncidentRecord;
  readonly anchors: AnchorRow;
}

type Columns<Row> = readonly (readonly [column: string, property: keyof Row])[];

const columns: { readonly [Table in keyof Tables]: Columns<Tables[Table]> } = {
  facts: [
    ['seq', 'seq'],
    ['id', 'id'],
    ['at_ms', 'atMs'],
    ['kind', 'kind'],
    ['run_id', 'runId'],
    ['incident_id', 'incidentId'],
    ['text', 'text'],
    ['prev_hash', 'prevHash'],
    ['hash', 'hash'],
  ],
  runs: [
    ['run_id', 'runId'],
    ['job_id', 'jobId'],
    ['name', 'name'],
    ['state', 'state'],
    ['labels', 'labels'],
    ['requested_at_ms', 'requestedAtMs'],
    ['ended_at_ms', 'endedAtMs'],
    ['last_seq', 'lastSeq'],
    ['view', 'view'],
  ],
  incidents: [
    ['incident_id', 'incidentId'],
    ['run_id', 'runId'],
    ['rule', 'rule'],
    ['severity', 'severity'],
    ['state', 'state'],
    ['opened_at_ms', 'openedAtMs'],
    ['closed_at_ms', 'closedAtMs'],
    ['view', 'view'],
  ],
  anchors: [
    ['seq', 'seq'],
    ['prev_hash', 'prevHash'],
    ['at_ms', 'atMs'],
    ['why', 'why'],
  ],
};

// A fact is written once and never again; all else is a fold, and the newest replaces.
const replaced: ReadonlySet<keyof Tables> = new Set(['runs', 'incidents']);
const rowsPerStatement = 100;

/** Many rows in one statement: an ORM's `save` per row is ten times slower. */
export const writeRows = async <Table extends keyof Tables>(
  runner: QueryRunner,
  table: Table,
  rows: readonly Tables[Table][],
): Promise<void> => {
  const shape: Columns<Tables[Table]> = columns[table];
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    const chunk = rows.slice(start, start + rowsPerStatement);
    const values = chunk.flatMap((row) => shape.map(([, property]) => row[property]));
    await runner.query(insertStatement(table, chunk.length), values);
  }
};

const insertStatement = (table: keyof Tables, rowCount: number): string => {
  const names = columns[table].map(([column]) => column);
  const [key] = names;
  const row = `(${names.map(() => '?').join(', ')})`;
  const changes = names.slice(1).map((name) => `${name} = excluded.${name}`);
  const onConflict = replaced.has(table) ? ` ON CONFLICT (${key}) DO UPDATE SET ${changes.join(', ')}` : '';
  return `INSERT INTO ${table} (${names.join(', ')}) VALUES ${Array(rowCount).fill(row).join(', ')}${onConflict}`;
};
