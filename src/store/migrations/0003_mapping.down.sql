DROP INDEX task_instance_by_start;
CREATE INDEX task_instance_by_start ON task_instance (start_date);
ALTER TABLE task_instance DROP COLUMN map_length;
