ALTER TABLE xcom DROP COLUMN dag_result;
