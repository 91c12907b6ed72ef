DROP INDEX event_log_of_run;
DROP INDEX event_log_of_dag;
