ALTER TABLE task_instance DROP COLUMN map_length;
