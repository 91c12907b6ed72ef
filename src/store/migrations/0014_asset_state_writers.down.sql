ALTER TABLE asset_state_store DROP COLUMN writer_map_index;
ALTER TABLE asset_state_store DROP COLUMN writer_task_id;
ALTER TABLE asset_state_store DROP COLUMN writer_run_id;
ALTER TABLE asset_state_store DROP COLUMN writer_dag_id;
ALTER TABLE asset_state_store DROP COLUMN writer_kind;
