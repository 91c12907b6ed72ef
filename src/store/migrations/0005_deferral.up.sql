-- What a deferred task instance waits for, and how it goes on. kwargs are sealed if a task gave them.
CREATE TABLE deferral (
  dag_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  map_index BIGINT NOT NULL,
  classpath TEXT NOT NULL,
  kwargs TEXT NOT NULL,
  next_method TEXT NOT NULL,
  next_kwargs TEXT NOT NULL,
  fires_at BIGINT,
  ends_task BIGINT NOT NULL,
  deadline BIGINT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (dag_id, run_id, task_id, map_index),
  FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);
