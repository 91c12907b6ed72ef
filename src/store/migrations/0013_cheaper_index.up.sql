-- SQLite builds the list of a NOT IN anew for each row it changes, which took most of the time of the change.
DROP INDEX task_instance_by_state;
CREATE INDEX task_instance_by_state ON task_instance (state) WHERE state IS NULL OR (state <> 'success' AND state <> 'failed' AND state <> 'skipped' AND state <> 'upstream_failed' AND state <> 'removed');
