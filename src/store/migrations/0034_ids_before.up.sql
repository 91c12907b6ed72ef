-- The log of a part of a try arrives when the task instance has another id, and may have gone on with it.
DROP INDEX task_instance_by_previous_id;
CREATE INDEX task_instance_by_previous_id ON task_instance (previous_id) WHERE previous_id IS NOT NULL;
