-- What was pushed: whole projects, frozen. One version of each is current: its DAGs are those that new runs are of.
CREATE TABLE project_version (
  project TEXT NOT NULL,
  dag_version TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  image TEXT,
  python_version TEXT NOT NULL,
  document TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT,
  PRIMARY KEY (project, dag_version),
  UNIQUE (project, content_hash)
);
CREATE TABLE project (
  project TEXT PRIMARY KEY,
  dag_version TEXT NOT NULL,
  chosen_at BIGINT NOT NULL,
  chosen_by TEXT
);
