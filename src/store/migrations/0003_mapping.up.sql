-- How many items a task instance returned, for tasks that are mapped over them.
ALTER TABLE task_instance ADD COLUMN map_length BIGINT;
-- Most of a hundred thousand new instances have not started.
DROP INDEX task_instance_by_start;
CREATE INDEX task_instance_by_start ON task_instance (start_date) WHERE start_date IS NOT NULL;
