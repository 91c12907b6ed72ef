DROP INDEX dag_run_by_run_after;
CREATE INDEX dag_run_by_run_after ON dag_run (run_after);
DROP INDEX dag_run_latest;
CREATE INDEX dag_run_latest ON dag_run (dag_id, run_after, state, start_date);
ALTER TABLE dag DROP COLUMN latest_dated_run;
ALTER TABLE dag DROP COLUMN last_run;
