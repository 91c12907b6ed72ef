-- One text for both databases. {{serial}} is an integer primary key that numbers itself.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE app_user (
  username TEXT PRIMARY KEY,
  password_hash TEXT NOT NULL,
  role TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE revoked_token (
  jti TEXT PRIMARY KEY,
  expires_at BIGINT NOT NULL
);

-- A DAG as the scheduler and the DAG list see it. The serialized form of each
-- structure is in dag_version.
CREATE TABLE dag (
  dag_id TEXT PRIMARY KEY,
  bundle_name TEXT NOT NULL,
  bundle_path TEXT NOT NULL,
  relative_fileloc TEXT NOT NULL,
  dag_display_name TEXT NOT NULL,
  description TEXT,
  owners TEXT NOT NULL,
  timetable_type TEXT NOT NULL,
  timetable_summary TEXT,
  timetable_description TEXT,
  is_paused BIGINT NOT NULL,
  is_stale BIGINT NOT NULL,
  has_import_errors BIGINT NOT NULL,
  has_task_concurrency_limits BIGINT NOT NULL,
  max_active_tasks BIGINT NOT NULL,
  max_active_runs BIGINT NOT NULL,
  max_consecutive_failed_dag_runs BIGINT NOT NULL,
  current_version_id TEXT NOT NULL,
  next_dagrun_logical_date BIGINT,
  next_dagrun_data_interval_start BIGINT,
  next_dagrun_data_interval_end BIGINT,
  next_dagrun_run_after BIGINT,
  last_parsed_at BIGINT NOT NULL,
  last_parse_duration DOUBLE PRECISION
);
CREATE INDEX dag_by_file ON dag (bundle_name, relative_fileloc);

CREATE TABLE dag_tag (
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  PRIMARY KEY (dag_id, name)
);
CREATE INDEX dag_tag_by_name ON dag_tag (name);

CREATE TABLE dag_favorite (
  username TEXT NOT NULL,
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  PRIMARY KEY (username, dag_id)
);

CREATE TABLE dag_version (
  id TEXT PRIMARY KEY,
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  version_number BIGINT NOT NULL,
  bundle_name TEXT NOT NULL,
  bundle_version TEXT,
  dag_hash TEXT NOT NULL,
  serialized TEXT NOT NULL,
  source TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (dag_id, version_number)
);

-- What parsing a file gave, by the hash of what it read: an unchanged file is
-- not parsed again after a restart.
CREATE TABLE parsed_file (
  bundle_name TEXT NOT NULL,
  relative_fileloc TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  parsed_at BIGINT NOT NULL,
  PRIMARY KEY (bundle_name, relative_fileloc)
);

CREATE TABLE import_error (
  id {{serial}},
  bundle_name TEXT NOT NULL,
  filename TEXT NOT NULL,
  stacktrace TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (bundle_name, filename)
);

CREATE TABLE dag_warning (
  dag_id TEXT NOT NULL,
  warning_type TEXT NOT NULL,
  message TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (dag_id, warning_type)
);

CREATE TABLE dag_run (
  id {{serial}},
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  run_id TEXT NOT NULL,
  dag_version_id TEXT NOT NULL,
  state TEXT NOT NULL,
  run_type TEXT NOT NULL,
  triggered_by TEXT NOT NULL,
  triggering_user_name TEXT,
  logical_date BIGINT,
  data_interval_start BIGINT,
  data_interval_end BIGINT,
  run_after BIGINT NOT NULL,
  queued_at BIGINT,
  start_date BIGINT,
  end_date BIGINT,
  conf TEXT NOT NULL,
  note TEXT,
  note_user TEXT,
  clear_number BIGINT NOT NULL DEFAULT 0,
  partition_key TEXT,
  bundle_version TEXT,
  updated_at BIGINT NOT NULL,
  UNIQUE (dag_id, run_id)
);
CREATE UNIQUE INDEX dag_run_by_logical_date ON dag_run (dag_id, logical_date);
CREATE INDEX dag_run_by_run_after ON dag_run (dag_id, run_after);
CREATE INDEX dag_run_by_start ON dag_run (start_date);
CREATE INDEX dag_run_active ON dag_run (state) WHERE state IN ('queued', 'running');

-- One row a task instance, changed in place. The id is new for each try; past
-- tries are in task_instance_history.
CREATE TABLE task_instance (
  id TEXT PRIMARY KEY,
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  map_index BIGINT NOT NULL,
  state TEXT,
  try_number BIGINT NOT NULL,
  max_tries BIGINT NOT NULL,
  dag_version_id TEXT NOT NULL,
  task_display_name TEXT NOT NULL,
  operator TEXT NOT NULL,
  pool TEXT NOT NULL,
  pool_slots BIGINT NOT NULL,
  queue TEXT NOT NULL,
  priority_weight BIGINT NOT NULL,
  executor TEXT,
  scheduled_at BIGINT,
  queued_at BIGINT,
  start_date BIGINT,
  end_date BIGINT,
  retry_at BIGINT,
  hostname TEXT,
  unixname TEXT,
  pid BIGINT,
  last_heartbeat_at BIGINT,
  exit_code BIGINT,
  failure_reason TEXT,
  peak_memory_bytes BIGINT,
  cpu_microseconds BIGINT,
  rendered_map_index TEXT,
  note TEXT,
  note_user TEXT,
  updated_at BIGINT NOT NULL,
  UNIQUE (dag_id, run_id, task_id, map_index),
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);
CREATE INDEX task_instance_by_state ON task_instance (state) WHERE state IS NULL OR state NOT IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed');
CREATE INDEX task_instance_by_start ON task_instance (start_date);
CREATE INDEX task_instance_by_version ON task_instance (dag_version_id);

CREATE TABLE task_instance_history (
  id TEXT PRIMARY KEY,
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  map_index BIGINT NOT NULL,
  state TEXT,
  try_number BIGINT NOT NULL,
  max_tries BIGINT NOT NULL,
  dag_version_id TEXT NOT NULL,
  task_display_name TEXT NOT NULL,
  operator TEXT NOT NULL,
  pool TEXT NOT NULL,
  pool_slots BIGINT NOT NULL,
  queue TEXT NOT NULL,
  priority_weight BIGINT NOT NULL,
  executor TEXT,
  scheduled_at BIGINT,
  queued_at BIGINT,
  start_date BIGINT,
  end_date BIGINT,
  hostname TEXT,
  unixname TEXT,
  pid BIGINT,
  exit_code BIGINT,
  failure_reason TEXT,
  peak_memory_bytes BIGINT,
  cpu_microseconds BIGINT,
  UNIQUE (dag_id, run_id, task_id, map_index, try_number),
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);

CREATE TABLE rendered_fields (
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  map_index BIGINT NOT NULL,
  fields TEXT NOT NULL,
  PRIMARY KEY (dag_id, run_id, task_id, map_index),
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);

CREATE TABLE xcom (
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  map_index BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (dag_id, run_id, task_id, map_index, key),
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);

-- Secret values are sealed texts: "v1:<key id>:<nonce, ciphertext and tag in base64>".
CREATE TABLE variable (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  description TEXT,
  updated_at BIGINT NOT NULL
);

CREATE TABLE connection (
  conn_id TEXT PRIMARY KEY,
  conn_type TEXT NOT NULL,
  description TEXT,
  host TEXT,
  schema_name TEXT,
  login TEXT,
  password TEXT,
  port BIGINT,
  extra TEXT,
  updated_at BIGINT NOT NULL
);

CREATE TABLE pool (
  name TEXT PRIMARY KEY,
  slots BIGINT NOT NULL,
  description TEXT,
  include_deferred BIGINT NOT NULL
);
INSERT INTO pool (name, slots, description, include_deferred) VALUES ('default_pool', 128, 'Default pool', 0);

-- Who did what: the audit log.
CREATE TABLE event_log (
  id {{serial}},
  created_at BIGINT NOT NULL,
  event TEXT NOT NULL,
  owner TEXT,
  dag_id TEXT,
  run_id TEXT,
  task_id TEXT,
  map_index BIGINT,
  try_number BIGINT,
  logical_date BIGINT,
  extra TEXT
);
CREATE INDEX event_log_by_time ON event_log (created_at);
CREATE INDEX event_log_by_dag ON event_log (dag_id, created_at);
