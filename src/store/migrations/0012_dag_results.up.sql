-- What a run comes to: the XComs of the tasks that their DAG calls its result.
ALTER TABLE xcom ADD COLUMN dag_result BIGINT NOT NULL DEFAULT 0;
