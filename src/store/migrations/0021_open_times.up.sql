-- Lists of task instances ask for what has not begun, too: alone, or beside what began after a time.
DROP INDEX task_instance_by_start;
CREATE INDEX task_instance_by_start ON task_instance (start_date);
