-- Who wrote what is remembered of an asset last.
ALTER TABLE asset_state_store ADD COLUMN writer_kind TEXT;
ALTER TABLE asset_state_store ADD COLUMN writer_dag_id TEXT;
ALTER TABLE asset_state_store ADD COLUMN writer_run_id TEXT;
ALTER TABLE asset_state_store ADD COLUMN writer_task_id TEXT;
ALTER TABLE asset_state_store ADD COLUMN writer_map_index BIGINT;
