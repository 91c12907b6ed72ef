-- What a task asks people, and the answer. Lists and objects are JSON. A try has at most one.
CREATE TABLE hitl_detail (
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  map_index BIGINT NOT NULL,
  try_number BIGINT NOT NULL,
  options TEXT NOT NULL,
  subject TEXT NOT NULL,
  body TEXT,
  defaults TEXT,
  multiple BIGINT NOT NULL,
  params TEXT NOT NULL,
  assigned_users TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  responded_at BIGINT,
  responded_by_user_id TEXT,
  responded_by_user_name TEXT,
  chosen_options TEXT,
  params_input TEXT NOT NULL,
  PRIMARY KEY (dag_id, run_id, task_id, map_index, try_number),
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);
CREATE INDEX hitl_detail_unanswered ON hitl_detail (dag_id) WHERE responded_at IS NULL;
