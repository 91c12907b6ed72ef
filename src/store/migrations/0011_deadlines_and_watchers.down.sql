DROP TABLE asset_watcher;
DROP INDEX dag_run_by_version;
CREATE INDEX task_instance_by_version ON task_instance (dag_version_id);
DROP TABLE deadline;
DROP TABLE deadline_alert;
CREATE TABLE dag_callback (
  id TEXT PRIMARY KEY,
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  map_index BIGINT NOT NULL,
  is_failure BIGINT NOT NULL,
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);
INSERT INTO dag_callback (id, dag_id, run_id, task_id, map_index, is_failure, reason, created_at)
  SELECT id, dag_id, run_id, task_id, map_index, CASE WHEN kind = 'dag_failure' THEN 1 ELSE 0 END, reason, created_at
  FROM callback WHERE kind IN ('dag_success', 'dag_failure');
DROP TABLE callback;
