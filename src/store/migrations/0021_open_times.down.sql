DROP INDEX task_instance_by_start;
CREATE INDEX task_instance_by_start ON task_instance (start_date) WHERE start_date IS NOT NULL;
