-- What is normal for each series, as far as it is learned: enough to go on after a restart where it stopped.

CREATE TABLE baseline_series (
    series_id INTEGER NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    measure VARCHAR NOT NULL,
    bucket_s INTEGER NOT NULL
);
COMMENT ON TABLE baseline_series IS 'Series whose normal is learned, each with the number that the other tables call it by.';
COMMENT ON COLUMN baseline_series.series_id IS 'Identity; never given twice.';
COMMENT ON COLUMN baseline_series.integration IS 'Integration name.';
COMMENT ON COLUMN baseline_series.workflow IS 'Workflow name.';
COMMENT ON COLUMN baseline_series.region IS 'Region of the prober.';
COMMENT ON COLUMN baseline_series.subject IS 'The step, or the recorded value; empty for the failures of a workflow.';
COMMENT ON COLUMN baseline_series.measure IS 'What is learned: total_ms, ttfb_ms, recorded, or failures.';
COMMENT ON COLUMN baseline_series.bucket_s IS 'Length of the buckets it is judged in, seconds.';

CREATE TABLE baseline_hours (
    series_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    level REAL,
    kind TINYINT NOT NULL,
    spread REAL,
    habit REAL,
    samples SMALLINT NOT NULL,
    uncorrected REAL[] NOT NULL,
    wrong REAL[] NOT NULL,
    middle REAL,
    high REAL,
    above TINYINT NOT NULL,
    since INTEGER
);
COMMENT ON TABLE baseline_hours IS 'Latencies: what one hour was expected to be like and what it was like, as natural logarithms of milliseconds.';
COMMENT ON COLUMN baseline_hours.series_id IS 'The series, in table baseline_series.';
COMMENT ON COLUMN baseline_hours.hour IS 'Number of the hour, counted from the epoch (UTC).';
COMMENT ON COLUMN baseline_hours.level IS 'What was normal for the hour; null when nothing was known.';
COMMENT ON COLUMN baseline_hours.kind IS 'What the level was made of: 0 the last day, 1 this hour of day, 2 this hour on days of the same kind.';
COMMENT ON COLUMN baseline_hours.spread IS 'Standard deviation above normal; null when nothing was known.';
COMMENT ON COLUMN baseline_hours.habit IS 'What this hour is in the habit of reaching, with its margin; null when it has none.';
COMMENT ON COLUMN baseline_hours.samples IS 'Past hours that the level was made of, count.';
COMMENT ON COLUMN baseline_hours.uncorrected IS 'Each kind of level before the last day''s deviation was added; null where unknown.';
COMMENT ON COLUMN baseline_hours.wrong IS 'How far each kind of level was from what the hour was like; null where unknown.';
COMMENT ON COLUMN baseline_hours.middle IS 'Median of the hour''s buckets that were accepted as normal; null when too few were.';
COMMENT ON COLUMN baseline_hours.high IS 'What nine tenths of the hour''s buckets did not exceed, accepted or not; null when nothing was measured.';
COMMENT ON COLUMN baseline_hours.above IS 'Whether the last bucket (1) and the one before (2) were above the limit, the last three (4, 8, 16) above the lower one, added up.';
COMMENT ON COLUMN baseline_hours.since IS 'Bucket in which the alert began that was going on at the end of the hour; null without one.';

CREATE TABLE baseline_buckets (
    series_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    figures REAL[] NOT NULL,
    refused BOOLEAN[] NOT NULL,
    deviations REAL[] NOT NULL,
    residuals REAL[] NOT NULL
);
COMMENT ON TABLE baseline_buckets IS 'Latencies: the buckets of one hour, in order, as natural logarithms of milliseconds.';
COMMENT ON COLUMN baseline_buckets.series_id IS 'The series, in table baseline_series.';
COMMENT ON COLUMN baseline_buckets.hour IS 'Number of the hour, counted from the epoch (UTC).';
COMMENT ON COLUMN baseline_buckets.figures IS 'What was measured: the 75th percentile of the good attempts; null where there were none.';
COMMENT ON COLUMN baseline_buckets.refused IS 'Whether it was not learned from: above the limit, under alert, or excluded.';
COMMENT ON COLUMN baseline_buckets.deviations IS 'Measured less the level of the hour; null where refused.';
COMMENT ON COLUMN baseline_buckets.residuals IS 'Measured less what was expected of the bucket; null where refused.';

CREATE TABLE baseline_failures (
    series_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    learned_asked INTEGER NOT NULL,
    learned_failed INTEGER NOT NULL,
    most INTEGER[] NOT NULL,
    in_a_row INTEGER NOT NULL,
    since INTEGER,
    begun INTEGER
);
COMMENT ON TABLE baseline_failures IS 'Error rates: one hour of a workflow''s runs from one region, first attempts only.';
COMMENT ON COLUMN baseline_failures.series_id IS 'The series, in table baseline_series.';
COMMENT ON COLUMN baseline_failures.hour IS 'Number of the hour, counted from the epoch (UTC).';
COMMENT ON COLUMN baseline_failures.asked IS 'Runs that say something about the vendor, count.';
COMMENT ON COLUMN baseline_failures.failed IS 'Those of them that failed, count.';
COMMENT ON COLUMN baseline_failures.learned_asked IS 'Runs that the usual rate is learned from (not under alert, not excluded), count.';
COMMENT ON COLUMN baseline_failures.learned_failed IS 'Those of them that failed, count.';
COMMENT ON COLUMN baseline_failures.most IS 'The most failures of any 5, 15 and 60 minutes that ended in the hour, count.';
COMMENT ON COLUMN baseline_failures.in_a_row IS 'Failures in a row at the end of the hour, count.';
COMMENT ON COLUMN baseline_failures.since IS 'Minute in which the alert began that was going on at the end of the hour; null without one.';
COMMENT ON COLUMN baseline_failures.begun IS 'Minute of the first run ever; null before it.';

CREATE TABLE baseline_firing (
    series_id INTEGER NOT NULL,
    judged_at TIMESTAMPTZ NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    seen DOUBLE NOT NULL,
    usual DOUBLE NOT NULL,
    against DOUBLE NOT NULL,
    unit VARCHAR NOT NULL,
    samples INTEGER NOT NULL,
    words VARCHAR NOT NULL
);
COMMENT ON TABLE baseline_firing IS 'Series that were off their normal when their last hour was stored, each with its verdict.';
COMMENT ON COLUMN baseline_firing.series_id IS 'The series, in table baseline_series.';
COMMENT ON COLUMN baseline_firing.judged_at IS 'End of the bucket that the verdict is about.';
COMMENT ON COLUMN baseline_firing.since IS 'End of the bucket that the alert began with.';
COMMENT ON COLUMN baseline_firing.seen IS 'The figure that was judged.';
COMMENT ON COLUMN baseline_firing.usual IS 'What it usually is at this hour.';
COMMENT ON COLUMN baseline_firing.against IS 'The limit it was held against.';
COMMENT ON COLUMN baseline_firing.unit IS 'Of these figures: ms, share, or empty.';
COMMENT ON COLUMN baseline_firing.samples IS 'Measurements that the figure is made of, count.';
COMMENT ON COLUMN baseline_firing.words IS 'The reason as people read it.';

CREATE TABLE baseline_orders (
    order_id INTEGER NOT NULL,
    ordered_at TIMESTAMPTZ NOT NULL,
    action VARCHAR NOT NULL,
    series_id INTEGER NOT NULL,
    start_at TIMESTAMPTZ NOT NULL,
    end_at TIMESTAMPTZ NOT NULL,
    author VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);
COMMENT ON TABLE baseline_orders IS 'What people said about normal: a new level accepted, or a range that is not to be learned from.';
COMMENT ON COLUMN baseline_orders.order_id IS 'Identity; orders of the same moment are carried out in this order.';
COMMENT ON COLUMN baseline_orders.ordered_at IS 'When it was said.';
COMMENT ON COLUMN baseline_orders.action IS 'accept or exclude.';
COMMENT ON COLUMN baseline_orders.series_id IS 'The series, in table baseline_series.';
COMMENT ON COLUMN baseline_orders.start_at IS 'First instant it is about.';
COMMENT ON COLUMN baseline_orders.end_at IS 'First instant it is not about any more; that of an acceptance is when it was said.';
COMMENT ON COLUMN baseline_orders.author IS 'Who said it.';
COMMENT ON COLUMN baseline_orders.reason IS 'Why, in their words.';

CREATE TABLE baseline_progress (
    bucket_s INTEGER PRIMARY KEY,
    next_hour INTEGER NOT NULL,
    checked_version BIGINT NOT NULL
);
COMMENT ON TABLE baseline_progress IS 'How far each length of bucket is learned.';
COMMENT ON COLUMN baseline_progress.bucket_s IS 'Length of the buckets, seconds; 60 for error rates.';
COMMENT ON COLUMN baseline_progress.next_hour IS 'First hour that is not stored, counted from the epoch (UTC).';
COMMENT ON COLUMN baseline_progress.checked_version IS 'Roll-ups up to this version were looked through for rows that came late.';
