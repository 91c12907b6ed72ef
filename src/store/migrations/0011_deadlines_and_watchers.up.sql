-- Only the runs of a version are asked for; an entry less for each new task instance.
DROP INDEX task_instance_by_version;
CREATE INDEX dag_run_by_version ON dag_run (dag_version_id);

-- Callbacks of DAGs and tasks that nobody has run to their end yet.
CREATE TABLE callback (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  map_index BIGINT NOT NULL,
  attempt_id TEXT NOT NULL,
  try_number BIGINT NOT NULL,
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);
INSERT INTO callback (id, kind, dag_id, run_id, task_id, map_index, attempt_id, try_number, reason, created_at)
  SELECT id, CASE WHEN is_failure = 1 THEN 'dag_failure' ELSE 'dag_success' END, dag_id, run_id, task_id, map_index,
    id, 1, reason, created_at FROM dag_callback;
DROP TABLE dag_callback;

-- When runs of a DAG version ought to be over.
CREATE TABLE deadline_alert (
  id TEXT PRIMARY KEY,
  dag_version_id TEXT NOT NULL REFERENCES dag_version (id) ON DELETE CASCADE,
  ordinal BIGINT NOT NULL,
  name TEXT,
  reference_type TEXT NOT NULL,
  interval_microseconds BIGINT,
  created_at BIGINT NOT NULL,
  UNIQUE (dag_version_id, ordinal)
);

-- When a run ought to be over; is_done once the callback of a missed one ran.
CREATE TABLE deadline (
  id TEXT PRIMARY KEY,
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  alert_id TEXT,
  deadline_time BIGINT NOT NULL,
  callback TEXT NOT NULL,
  missed BIGINT NOT NULL,
  is_done BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);
CREATE INDEX deadline_by_run ON deadline (dag_id, run_id);
CREATE INDEX deadline_ahead ON deadline (deadline_time) WHERE missed = 0;

-- Triggers whose events are changes of an asset.
CREATE TABLE asset_watcher (
  id {{serial}},
  asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  classpath TEXT NOT NULL,
  kwargs TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (asset_id, name)
);
