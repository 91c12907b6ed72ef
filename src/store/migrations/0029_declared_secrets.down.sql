ALTER TABLE dag_version DROP COLUMN secrets;
