-- What programs call with. The token itself is nowhere: only what it hashes to.
CREATE TABLE service_token (
  name TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT,
  expires_at BIGINT
);
