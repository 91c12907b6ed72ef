DROP TABLE asset_state_store;
DROP TABLE task_state_store;
