DROP INDEX task_instance_by_state;
CREATE INDEX task_instance_by_state ON task_instance (state) WHERE state IS NULL OR state NOT IN ('success', 'failed', 'skipped', 'upstream_failed', 'removed');
