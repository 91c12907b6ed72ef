-- Counts the changes of a run, and once it is finished those of its task instances as well: what was worked out from
-- them holds as long as this does.
ALTER TABLE dag_run ADD COLUMN task_changes BIGINT NOT NULL DEFAULT 0;
-- Lists of DAGs are ordered by their last runs.
CREATE INDEX dag_by_last_run ON dag (last_run);
-- Task instances are looked for by how their names begin.
CREATE INDEX task_instance_by_name ON task_instance (task_display_name);
