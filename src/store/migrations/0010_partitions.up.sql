-- Runs for partitions of assets.
ALTER TABLE dag_run ADD COLUMN partition_date BIGINT;
CREATE INDEX dag_run_by_partition ON dag_run (dag_id, partition_key) WHERE partition_key IS NOT NULL;
ALTER TABLE dag ADD COLUMN next_dagrun_partition_key TEXT;
ALTER TABLE dag ADD COLUMN next_dagrun_partition_date BIGINT;
ALTER TABLE dag ADD COLUMN timetable_partitioned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE dag ADD COLUMN timetable_periodic BIGINT NOT NULL DEFAULT 1;
UPDATE dag SET timetable_periodic = 0 WHERE timetable_type LIKE '%NullTimetable' OR timetable_type LIKE '%OnceTimetable'
  OR timetable_type LIKE '%ContinuousTimetable' OR timetable_type LIKE '%AssetTriggeredTimetable';

-- A partition of a DAG, from the first change of an asset for it on; with run_id once it ran.
CREATE TABLE dag_partition (
  id BIGINT PRIMARY KEY,
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  partition_key TEXT NOT NULL,
  carried_date BIGINT,
  run_id TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX dag_partition_by_key ON dag_partition (dag_id, partition_key);
CREATE INDEX dag_partition_pending ON dag_partition (id) WHERE run_id IS NULL;

-- What each asset has of a partition: needs is JSON, null where any change will do.
CREATE TABLE partition_asset (
  partition_id BIGINT NOT NULL REFERENCES dag_partition (id) ON DELETE CASCADE,
  asset_id BIGINT NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
  needs TEXT,
  is_temporal BIGINT NOT NULL,
  partition_date BIGINT,
  PRIMARY KEY (partition_id, asset_id)
);

-- Which changes of assets count for a partition.
CREATE TABLE partition_event (
  partition_id BIGINT NOT NULL REFERENCES dag_partition (id) ON DELETE CASCADE,
  event_id BIGINT NOT NULL REFERENCES asset_event (id) ON DELETE CASCADE,
  source_key TEXT NOT NULL,
  PRIMARY KEY (partition_id, event_id)
);
CREATE INDEX partition_event_by_event ON partition_event (event_id);

-- Changes that Python still has to map onto the partitions of a DAG.
CREATE TABLE unmapped_event (
  event_id BIGINT NOT NULL REFERENCES asset_event (id) ON DELETE CASCADE,
  dag_id TEXT NOT NULL REFERENCES dag (dag_id) ON DELETE CASCADE,
  partition_date BIGINT,
  PRIMARY KEY (event_id, dag_id)
);
