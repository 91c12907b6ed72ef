-- How often a try could not even begin where it was to run: that does not cost a retry of the task's own.
ALTER TABLE task_instance ADD COLUMN failed_starts BIGINT NOT NULL DEFAULT 0;
