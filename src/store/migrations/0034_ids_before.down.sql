DROP INDEX task_instance_by_previous_id;
CREATE INDEX task_instance_by_previous_id ON task_instance (previous_id) WHERE state IN ('deferred', 'awaiting_input', 'up_for_reschedule');
