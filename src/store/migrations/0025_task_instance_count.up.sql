-- How many task instances the DAG has: to count a million takes longer than a page of them.
ALTER TABLE dag ADD COLUMN task_instance_count BIGINT NOT NULL DEFAULT 0;
UPDATE dag SET task_instance_count = (SELECT COUNT(*) FROM task_instance t WHERE t.dag_id = dag.dag_id);
