-- Whether connections work, for those who ask and look again later. What is tested is in memory only.
CREATE TABLE connection_test (
  token TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL,
  active_connection_id TEXT UNIQUE,
  state TEXT NOT NULL,
  result_message TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
