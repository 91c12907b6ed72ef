-- Runs that somebody wants for a range of dates. A DAG has at most one that is not completed.
CREATE TABLE backfill (
  id BIGINT PRIMARY KEY,
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  from_date BIGINT NOT NULL,
  to_date BIGINT NOT NULL,
  dag_run_conf TEXT,
  is_paused BIGINT NOT NULL,
  reprocess_behavior TEXT NOT NULL,
  max_active_runs BIGINT NOT NULL,
  triggering_user_name TEXT,
  created_at BIGINT NOT NULL,
  completed_at BIGINT,
  updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX backfill_active ON backfill (dag_id) WHERE completed_at IS NULL;
ALTER TABLE dag_run ADD COLUMN backfill_id BIGINT;
ALTER TABLE dag_run ADD COLUMN backfill_ordinal BIGINT;
