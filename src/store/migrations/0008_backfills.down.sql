ALTER TABLE dag_run DROP COLUMN backfill_ordinal;
ALTER TABLE dag_run DROP COLUMN backfill_id;
DROP TABLE backfill;
