ALTER TABLE task_instance DROP COLUMN operator_name;
