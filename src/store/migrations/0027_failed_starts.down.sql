ALTER TABLE task_instance DROP COLUMN failed_starts;
