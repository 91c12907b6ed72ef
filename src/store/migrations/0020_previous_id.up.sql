-- A task instance that waits has a new id; its worker may not have heard that it was told so, and tells it again.
ALTER TABLE task_instance ADD COLUMN previous_id TEXT;
CREATE INDEX task_instance_by_previous_id ON task_instance (previous_id) WHERE state IN ('deferred', 'awaiting_input', 'up_for_reschedule');
