ALTER TABLE variable RENAME TO old_variable;
CREATE TABLE variable (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  description TEXT,
  updated_at BIGINT NOT NULL
);
INSERT INTO variable (key, value, description, updated_at) SELECT key, value, description, updated_at FROM old_variable ORDER BY id;
DROP TABLE old_variable;
ALTER TABLE connection RENAME TO old_connection;
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
INSERT INTO connection (conn_id, conn_type, description, host, schema_name, login, password, port, extra, updated_at) SELECT conn_id, conn_type, description, host, schema_name, login, password, port, extra, updated_at FROM old_connection ORDER BY id;
DROP TABLE old_connection;
ALTER TABLE pool RENAME TO old_pool;
CREATE TABLE pool (
  name TEXT PRIMARY KEY,
  slots BIGINT NOT NULL,
  description TEXT,
  include_deferred BIGINT NOT NULL
);
INSERT INTO pool (name, slots, description, include_deferred) SELECT name, slots, description, include_deferred FROM old_pool ORDER BY id;
DROP TABLE old_pool;
