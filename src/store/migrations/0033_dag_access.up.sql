-- What the access_control of DAGs gives to groups: read, edit, delete or trigger.
CREATE TABLE dag_access (
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  group_name TEXT NOT NULL,
  action TEXT NOT NULL,
  PRIMARY KEY (dag_id, group_name, action)
);
CREATE INDEX dag_access_by_group ON dag_access (group_name, action, dag_id);
-- JSON arrays of the names of groups.
ALTER TABLE app_user ADD COLUMN group_names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE service_token ADD COLUMN group_names TEXT NOT NULL DEFAULT '[]';
-- What files say of it was not kept: they are parsed once more.
DELETE FROM parsed_file;
