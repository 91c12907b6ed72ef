DROP INDEX task_instance_by_previous_id;
ALTER TABLE task_instance DROP COLUMN previous_id;
