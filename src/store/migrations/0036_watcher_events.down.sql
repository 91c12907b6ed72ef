DROP INDEX asset_event_of_watchers;
ALTER TABLE asset_event DROP COLUMN watcher_event;
