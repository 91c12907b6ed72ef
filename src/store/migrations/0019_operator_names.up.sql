-- operator holds the class from now on, this what the task calls it: @task.
ALTER TABLE task_instance ADD COLUMN operator_name TEXT;
