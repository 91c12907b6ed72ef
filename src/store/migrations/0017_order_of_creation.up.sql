-- Lists are in the order in which things were made, as Airflow's are.
ALTER TABLE variable RENAME TO old_variable;
CREATE TABLE variable (
  id {{serial}},
  key TEXT NOT NULL UNIQUE,
  value TEXT NOT NULL,
  description TEXT,
  updated_at BIGINT NOT NULL
);
INSERT INTO variable (key, value, description, updated_at) SELECT key, value, description, updated_at FROM old_variable ORDER BY key;
DROP TABLE old_variable;
ALTER TABLE connection RENAME TO old_connection;
CREATE TABLE connection (
  id {{serial}},
  conn_id TEXT NOT NULL UNIQUE,
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
INSERT INTO connection (conn_id, conn_type, description, host, schema_name, login, password, port, extra, updated_at) SELECT conn_id, conn_type, description, host, schema_name, login, password, port, extra, updated_at FROM old_connection ORDER BY conn_id;
DROP TABLE old_connection;
ALTER TABLE pool RENAME TO old_pool;
CREATE TABLE pool (
  id {{serial}},
  name TEXT NOT NULL UNIQUE,
  slots BIGINT NOT NULL,
  description TEXT,
  include_deferred BIGINT NOT NULL
);
INSERT INTO pool (name, slots, description, include_deferred) SELECT name, slots, description, include_deferred FROM old_pool ORDER BY (name <> 'default_pool'), name;
DROP TABLE old_pool;
