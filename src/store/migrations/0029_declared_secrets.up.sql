-- The variables and connections that a version of a DAG declares, as JSON; none if its project says nothing.
ALTER TABLE dag_version ADD COLUMN secrets TEXT;
