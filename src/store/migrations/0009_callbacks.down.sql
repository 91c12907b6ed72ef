DROP TABLE dag_callback;
