import type { MigrationInterface, QueryRunner } from 'typeorm';

const isPostgres = (runner: QueryRunner): boolean => runner.dataSource.options.type === 'postgres';

const tables = (seqType: string): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS facts (
  seq ${seqType} PRIMARY KEY NOT NULL,
  id VARCHAR(26) NOT NULL,
  at_ms BIGINT NOT NULL,
  kind VARCHAR(40) NOT NULL,
  run_id VARCHAR(26),
  incident_id VARCHAR(26),
  text TEXT NOT NULL,
  prev_hash CHAR(64) NOT NULL,
  hash CHAR(64) NOT NULL
)`,
  'CREATE INDEX IF NOT EXISTS facts_by_run ON facts (run_id, seq) WHERE run_id IS NOT NULL',
  'CREATE INDEX IF NOT EXISTS facts_by_incident ON facts (incident_id, seq) WHERE incident_id IS NOT NULL',
  `CREATE TABLE IF NOT EXISTS anchors (
  seq ${seqType} PRIMARY KEY NOT NULL,
  prev_hash CHAR(64) NOT NULL,
  at_ms BIGINT NOT NULL,
  why TEXT NOT NULL
)`,
  `CREATE TABLE IF NOT EXISTS runs (
  run_id VARCHAR(26) PRIMARY KEY NOT NULL,
  job_id VARCHAR(26) NOT NULL,
  name TEXT NOT NULL,
  state VARCHAR(16) NOT NULL,
  labels TEXT NOT NULL,
  requested_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT,
  last_seq BIGINT NOT NULL,
  view TEXT NOT NULL
)`,
  'CREATE INDEX IF NOT EXISTS runs_by_state ON runs (state, run_id)',
  'CREATE INDEX IF NOT EXISTS runs_by_name ON runs (name, run_id)',
  `CREATE TABLE IF NOT EXISTS incidents (
  incident_id VARCHAR(26) PRIMARY KEY NOT NULL,
  run_id VARCHAR(26) NOT NULL,
  rule VARCHAR(100) NOT NULL,
  severity VARCHAR(16) NOT NULL,
  state VARCHAR(16) NOT NULL,
  opened_at_ms BIGINT NOT NULL,
  closed_at_ms BIGINT,
  view TEXT NOT NULL
)`,
  'CREATE INDEX IF NOT EXISTS incidents_by_run ON incidents (run_id, incident_id)',
  'CREATE INDEX IF NOT EXISTS incidents_by_state ON incidents (state, incident_id)',
];

const sqliteGuards: readonly string[] = [
  `CREATE TRIGGER IF NOT EXISTS facts_refuse_update BEFORE UPDATE ON facts
BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END`,
  `CREATE TRIGGER IF NOT EXISTS facts_refuse_delete BEFORE DELETE ON facts
BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END`,
];

const postgresGuards: readonly string[] = [
  `CREATE OR REPLACE FUNCTION facts_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'facts are append-only'; END $$`,
  'DROP TRIGGER IF EXISTS facts_refuse_change ON facts',
  `CREATE TRIGGER facts_refuse_change BEFORE UPDATE OR DELETE ON facts
FOR EACH ROW EXECUTE FUNCTION facts_refuse()`,
];

/** Facts, where their chain was broken on purpose or by loss, and the folds that lists are read from. */
export class CreateRecord implements MigrationInterface {
  // TypeORM reads the last 13 characters as the number that orders migrations.
  readonly name = 'create-record-0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    const postgres = isPostgres(runner);
    const guards = postgres ? postgresGuards : sqliteGuards;
    for (const statement of [...tables(postgres ? 'BIGINT' : 'INTEGER'), ...guards]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['incidents', 'runs', 'anchors', 'facts']) await runner.query(`DROP TABLE IF EXISTS ${table}`);
    if (isPostgres(runner)) await runner.query('DROP FUNCTION IF EXISTS facts_refuse()');
  }
}
