CREATE TABLE anchors (
  seq INTEGER PRIMARY KEY NOT NULL,
  prev_hash CHAR(64) NOT NULL,
  at_ms BIGINT NOT NULL,
  why TEXT NOT NULL
);

CREATE TABLE facts (
  seq INTEGER PRIMARY KEY NOT NULL,
  id VARCHAR(26) NOT NULL,
  at_ms BIGINT NOT NULL,
  kind VARCHAR(40) NOT NULL,
  run_id VARCHAR(26),
  incident_id VARCHAR(26),
  text TEXT NOT NULL,
  prev_hash CHAR(64) NOT NULL,
  hash CHAR(64) NOT NULL
);

CREATE TABLE incidents (
  incident_id VARCHAR(26) PRIMARY KEY NOT NULL,
  run_id VARCHAR(26) NOT NULL,
  rule VARCHAR(100) NOT NULL,
  severity VARCHAR(16) NOT NULL,
  state VARCHAR(16) NOT NULL,
  opened_at_ms BIGINT NOT NULL,
  closed_at_ms BIGINT,
  view TEXT NOT NULL
);

CREATE TABLE runs (
  run_id VARCHAR(26) PRIMARY KEY NOT NULL,
  job_id VARCHAR(26) NOT NULL,
  name TEXT NOT NULL,
  state VARCHAR(16) NOT NULL,
  labels TEXT NOT NULL,
  requested_at_ms BIGINT NOT NULL,
  ended_at_ms BIGINT,
  last_seq BIGINT NOT NULL,
  view TEXT NOT NULL
);

CREATE INDEX facts_by_incident ON facts (incident_id, seq) WHERE incident_id IS NOT NULL;

CREATE INDEX facts_by_run ON facts (run_id, seq) WHERE run_id IS NOT NULL;

CREATE INDEX incidents_by_run ON incidents (run_id, incident_id);

CREATE INDEX incidents_by_state ON incidents (state, incident_id);

CREATE INDEX runs_by_name ON runs (name, run_id);

CREATE INDEX runs_by_state ON runs (state, run_id);

CREATE TRIGGER facts_refuse_delete BEFORE DELETE ON facts
BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;

CREATE TRIGGER facts_refuse_update BEFORE UPDATE ON facts
BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;
