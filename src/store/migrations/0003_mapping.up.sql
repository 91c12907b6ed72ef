-- How many items a task instance returned, for tasks that are mapped over them.
ALTER TABLE task_instance ADD COLUMN map_length BIGINT;
