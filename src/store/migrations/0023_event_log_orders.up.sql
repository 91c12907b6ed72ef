-- The events of a DAG, or of one of its runs, in the order of lists.
CREATE INDEX event_log_of_dag ON event_log (dag_id, id);
CREATE INDEX event_log_of_run ON event_log (dag_id, run_id, created_at);
