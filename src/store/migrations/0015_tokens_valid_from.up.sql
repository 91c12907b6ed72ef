-- A new password ends the sessions of the old one.
ALTER TABLE app_user ADD COLUMN tokens_valid_from BIGINT NOT NULL DEFAULT 0;
