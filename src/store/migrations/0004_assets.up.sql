CREATE TABLE asset (
  id {{serial}},
  name TEXT NOT NULL,
  uri TEXT NOT NULL,
  asset_group TEXT NOT NULL,
  extra TEXT NOT NULL,
  is_active BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (name, uri)
);

CREATE TABLE asset_alias (
  id {{serial}},
  name TEXT NOT NULL UNIQUE,
  asset_group TEXT NOT NULL
);

-- What an alias came to stand for.
CREATE TABLE asset_alias_asset (
  alias_id BIGINT NOT NULL REFERENCES asset_alias (id) ON DELETE CASCADE,
  asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
  PRIMARY KEY (alias_id, asset_id)
);

-- What a DAG's schedule names: kind is asset, alias, name_ref or uri_ref.
CREATE TABLE dag_schedule_asset (
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  uri TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (dag_id, kind, name, uri)
);
CREATE INDEX dag_schedule_asset_by_name ON dag_schedule_asset (kind, name, uri);

-- The outlets and inlets of tasks.
CREATE TABLE task_asset (
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  task_id TEXT NOT NULL,
  is_outlet BIGINT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  uri TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (dag_id, task_id, is_outlet, kind, name, uri)
);
CREATE INDEX task_asset_by_name ON task_asset (kind, name, uri);

CREATE TABLE asset_event (
  id {{serial}},
  asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  extra TEXT NOT NULL,
  source_dag_id TEXT,
  source_task_id TEXT,
  source_run_id TEXT,
  source_map_index BIGINT,
  partition_key TEXT
);
CREATE INDEX asset_event_by_asset ON asset_event (asset_id, created_at);
CREATE INDEX asset_event_by_time ON asset_event (created_at);

-- By which aliases an event came.
CREATE TABLE asset_event_alias (
  event_id BIGINT NOT NULL REFERENCES asset_event (id) ON DELETE CASCADE,
  alias_id BIGINT NOT NULL REFERENCES asset_alias (id) ON DELETE CASCADE,
  PRIMARY KEY (event_id, alias_id)
);
CREATE INDEX asset_event_alias_by_alias ON asset_event_alias (alias_id);

-- The events that made a run.
CREATE TABLE dag_run_asset_event (
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  event_id BIGINT NOT NULL REFERENCES asset_event (id) ON DELETE CASCADE,
  PRIMARY KEY (dag_id, run_id, event_id),
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);
CREATE INDEX dag_run_asset_event_by_event ON dag_run_asset_event (event_id);

-- Assets that changed since the last run that such changes made.
CREATE TABLE asset_queue (
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (dag_id, asset_id)
);
