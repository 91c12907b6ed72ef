-- A sensor that gives its slot back between looks: how often in this try, and when the first look began.
ALTER TABLE task_instance ADD COLUMN reschedule_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE task_instance ADD COLUMN first_start_date BIGINT;
