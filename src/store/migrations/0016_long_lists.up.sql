-- The newest run of each DAG, and what is said of it, without reading its row.
DROP INDEX dag_run_by_run_after;
CREATE INDEX dag_run_latest ON dag_run (dag_id, run_after, state, start_date);
-- Lists of all runs in the order of time.
CREATE INDEX dag_run_by_run_after ON dag_run (run_after);
-- What goes wrong is looked for often and is there seldom.
CREATE INDEX dag_run_failed ON dag_run (run_after) WHERE state = 'failed';
CREATE INDEX task_instance_failed ON task_instance (start_date) WHERE state = 'failed';
