ALTER TABLE service_token DROP COLUMN group_names;
ALTER TABLE app_user DROP COLUMN group_names;
DROP TABLE dag_access;
