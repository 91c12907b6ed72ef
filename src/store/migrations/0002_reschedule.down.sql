ALTER TABLE task_instance DROP COLUMN first_start_date;
ALTER TABLE task_instance DROP COLUMN reschedule_count;
