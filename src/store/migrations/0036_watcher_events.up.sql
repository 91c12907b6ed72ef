-- The id that an agent gave to the event of a watcher, which it tells again until it is told that it is stored.
ALTER TABLE asset_event ADD COLUMN watcher_event TEXT;
CREATE INDEX asset_event_of_watchers ON asset_event (id) WHERE watcher_event IS NOT NULL;
