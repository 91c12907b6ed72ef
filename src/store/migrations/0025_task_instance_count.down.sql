ALTER TABLE dag DROP COLUMN task_instance_count;
