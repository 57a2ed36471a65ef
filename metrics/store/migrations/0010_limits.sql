-- Slices held against the thresholds that the configuration declares, counted when a bucket is rolled up: exact, where the
-- histograms of the run roll-ups are 1 % off.

CREATE SEQUENCE limit_ids;

CREATE TABLE limits (
    limit_id INTEGER NOT NULL,
    integration VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    limit_ms DOUBLE NOT NULL,
    counted_from TIMESTAMPTZ
);
COMMENT ON TABLE limits IS 'Thresholds that objectives declare; the roller counts slices by them.';
COMMENT ON COLUMN limits.limit_id IS 'Identity; never given twice.';
COMMENT ON COLUMN limits.integration IS 'Integration name.';
COMMENT ON COLUMN limits.measure IS 'Column of the runs that is held against it: slowest_total_ms, slowest_ttfb_ms or sync_lag_ms.';
COMMENT ON COLUMN limits.limit_ms IS 'The threshold, milliseconds; what takes longer is beyond it.';
COMMENT ON COLUMN limits.counted_from IS 'Buckets that begin at this instant or later have been counted by it, if they have been rolled up; null: all of them.';

CREATE TABLE limit_rollups_5m (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    limit_id INTEGER NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    every_s DOUBLE NOT NULL,
    simulated BOOLEAN NOT NULL,
    within UINTEGER NOT NULL,
    beyond UINTEGER NOT NULL
);
COMMENT ON TABLE limit_rollups_5m IS 'Slices that begin within five minutes and were decided by a good run, by whether that kept a threshold.';
COMMENT ON COLUMN limit_rollups_5m.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN limit_rollups_5m.integration IS 'Integration name.';
COMMENT ON COLUMN limit_rollups_5m.limit_id IS 'The threshold, in table limits; one that is not there has been withdrawn.';
COMMENT ON COLUMN limit_rollups_5m.workflow IS 'Workflow name.';
COMMENT ON COLUMN limit_rollups_5m.region IS 'Region of the prober.';
COMMENT ON COLUMN limit_rollups_5m.every_s IS 'Interval of the schedule, which is the length of the slices, seconds.';
COMMENT ON COLUMN limit_rollups_5m.simulated IS 'True for generated history.';
COMMENT ON COLUMN limit_rollups_5m.within IS 'Slices that kept the threshold, count.';
COMMENT ON COLUMN limit_rollups_5m.beyond IS 'Slices that did not, count; a run that was not measured is in neither.';

CREATE TABLE limit_rollups_1h (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    limit_id INTEGER NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    every_s DOUBLE NOT NULL,
    simulated BOOLEAN NOT NULL,
    within UINTEGER NOT NULL,
    beyond UINTEGER NOT NULL
);
COMMENT ON TABLE limit_rollups_1h IS 'Slices that begin within an hour and were decided by a good run, by whether that kept a threshold.';
COMMENT ON COLUMN limit_rollups_1h.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN limit_rollups_1h.integration IS 'Integration name.';
COMMENT ON COLUMN limit_rollups_1h.limit_id IS 'The threshold, in table limits; one that is not there has been withdrawn.';
COMMENT ON COLUMN limit_rollups_1h.workflow IS 'Workflow name.';
COMMENT ON COLUMN limit_rollups_1h.region IS 'Region of the prober.';
COMMENT ON COLUMN limit_rollups_1h.every_s IS 'Interval of the schedule, which is the length of the slices, seconds.';
COMMENT ON COLUMN limit_rollups_1h.simulated IS 'True for generated history.';
COMMENT ON COLUMN limit_rollups_1h.within IS 'Slices that kept the threshold, count.';
COMMENT ON COLUMN limit_rollups_1h.beyond IS 'Slices that did not, count; a run that was not measured is in neither.';

CREATE TABLE limit_rollups_1d (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    limit_id INTEGER NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    every_s DOUBLE NOT NULL,
    simulated BOOLEAN NOT NULL,
    within UINTEGER NOT NULL,
    beyond UINTEGER NOT NULL
);
COMMENT ON TABLE limit_rollups_1d IS 'Slices that begin within a day and were decided by a good run, by whether that kept a threshold.';
COMMENT ON COLUMN limit_rollups_1d.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN limit_rollups_1d.integration IS 'Integration name.';
COMMENT ON COLUMN limit_rollups_1d.limit_id IS 'The threshold, in table limits; one that is not there has been withdrawn.';
COMMENT ON COLUMN limit_rollups_1d.workflow IS 'Workflow name.';
COMMENT ON COLUMN limit_rollups_1d.region IS 'Region of the prober.';
COMMENT ON COLUMN limit_rollups_1d.every_s IS 'Interval of the schedule, which is the length of the slices, seconds.';
COMMENT ON COLUMN limit_rollups_1d.simulated IS 'True for generated history.';
COMMENT ON COLUMN limit_rollups_1d.within IS 'Slices that kept the threshold, count.';
COMMENT ON COLUMN limit_rollups_1d.beyond IS 'Slices that did not, count; a run that was not measured is in neither.';

CREATE SEQUENCE bucket_versions;

CREATE TABLE rolled_buckets (
    tier VARCHAR NOT NULL,
    bucket_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
COMMENT ON TABLE rolled_buckets IS 'Which making each bucket of the roll-ups is of, so that what was read of it before can be told from what it is now.';
COMMENT ON COLUMN rolled_buckets.tier IS 'Length of the bucket: 5m, 1h or 1d.';
COMMENT ON COLUMN rolled_buckets.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN rolled_buckets.version IS 'Number of the transaction that made it last; never given twice.';
