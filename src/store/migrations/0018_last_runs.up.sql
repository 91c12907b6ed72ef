-- The run that was made last and the one of the latest date, so that lists of DAGs need not look for them.
ALTER TABLE dag ADD COLUMN last_run BIGINT;
ALTER TABLE dag ADD COLUMN latest_dated_run BIGINT;
UPDATE dag SET last_run = (SELECT MAX(r.id) FROM dag_run r WHERE r.dag_id = dag.dag_id), latest_dated_run = (SELECT r.id FROM dag_run r WHERE r.dag_id = dag.dag_id AND r.logical_date IS NOT NULL ORDER BY r.logical_date DESC LIMIT 1);
DROP INDEX dag_run_latest;
CREATE INDEX dag_run_latest ON dag_run (dag_id, run_after);
-- Runs of a time are counted by their states.
DROP INDEX dag_run_by_run_after;
CREATE INDEX dag_run_by_run_after ON dag_run (run_after, state);
