DROP INDEX task_instance_failed;
DROP INDEX dag_run_failed;
DROP INDEX dag_run_by_run_after;
DROP INDEX dag_run_latest;
CREATE INDEX dag_run_by_run_after ON dag_run (dag_id, run_after);
