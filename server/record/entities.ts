import { EntitySchema, type ValueTransformer } from 'typeorm';

// PostgreSQL hands a BIGINT over as text; all of ours fit a double exactly.
const wholeNumber: ValueTransformer = {
  from: (stored: string | number | null) => (stored === null ? null : Number(stored)),
  to: (value: number | null) => value,
};

export interface FactRow {
  readonly seq: number;
  readonly id: string;
  readonly atMs: number;
  readonly kind: string;
  readonly runId: string | null;
  readonly incidentId: string | null;
  readonly text: string;
  readonly prevHash: string;
  readonly hash: string;
}

export const FactEntity = new EntitySchema<FactRow>({
  name: 'Fact',
  tableName: 'facts',
  columns: {
    seq: { type: 'bigint', primary: true, transformer: wholeNumber },
    id: { type: 'varchar' },
    atMs: { name: 'at_ms', type: 'bigint', transformer: wholeNumber },
    kind: { type: 'varchar' },
    runId: { name: 'run_id', type: 'varchar', nullable: true },
    incidentId: { name: 'incident_id', type: 'varchar', nullable: true },
    text: { type: 'text' },
    prevHash: { name: 'prev_hash', type: 'varchar' },
    hash: { type: 'varchar' },
  },
});

export interface RunRecord {
  readonly runId: string;
  readonly jobId: string;
  readonly name: string;
  readonly state: string;
  /** One `key=value` a line, with a newline before the first and after the last, so that LIKE finds whole labels. */
  readonly labels: string;
  readonly requestedAtMs: number;
  readonly endedAtMs: number | null;
  readonly lastSeq: number;
  readonly view: string;
}

export const RunEntity = new EntitySchema<RunRecord>({
  name: 'Run',
  tableName: 'runs',
  columns: {
    runId: { name: 'run_id', type: 'varchar', primary: true },
    jobId: { name: 'job_id', type: 'varchar' },
    name: { type: 'text' },
    state: { type: 'varchar' },
    labels: { type: 'text' },
    requestedAtMs: { name: 'requested_at_ms', type: 'bigint', transformer: wholeNumber },
    endedAtMs: { name: 'ended_at_ms', type: 'bigint', nullable: true, transformer: wholeNumber },
    lastSeq: { name: 'last_seq', type: 'bigint', transformer: wholeNumber },
    view: { type: 'text' },
  },
});

export interface IncidentRecord {
  readonly incidentId: string;
  readonly runId: string;
  readonly rule: string;
  readonly severity: string;
  readonly state: string;
  readonly openedAtMs: number;
  readonly closedAtMs: number | null;
  readonly view: string;
}

export const IncidentEntity = new EntitySchema<IncidentRecord>({
  name: 'Incident',
  tableName: 'incidents',
  columns: {
    incidentId: { name: 'incident_id', type: 'varchar', primary: true },
    runId: { name: 'run_id', type: 'varchar' },
    rule: { type: 'varchar' },
    severity: { type: 'varchar' },
    state: { type: 'varchar' },
    openedAtMs: { name: 'opened_at_ms', type: 'bigint', transformer: wholeNumber },
    closedAtMs: { name: 'closed_at_ms', type: 'bigint', nullable: true, transformer: wholeNumber },
    view: { type: 'text' },
  },
});

export interface AnchorRow {
  readonly seq: number;
  readonly prevHash: string;
  readonly atMs: number;
  readonly why: string;
}

/** Where the chain starts anew: the fact `seq` follows `prevHash`, and what came before it is not here. */
export const AnchorEntity = new EntitySchema<AnchorRow>({
  name: 'Anchor',
  tableName: 'anchors',
  columns: {
    seq: { type: 'bigint', primary: true, transformer: wholeNumber },
    prevHash: { name: 'prev_hash', type: 'varchar' },
    atMs: { name: 'at_ms', type: 'bigint', transformer: wholeNumber },
    why: { type: 'text' },
  },
});

export const entities = [FactEntity, RunEntity, IncidentEntity, AnchorEntity];
