DROP INDEX task_instance_by_name;
DROP INDEX dag_by_last_run;
ALTER TABLE dag_run DROP COLUMN task_changes;
