-- Raw rows live in two places: tables hot_… here until their day is closed, then month files beside this one. Views under
-- the old names unite them; the store writes those anew whenever a day moves. Questions ask the views, writers the tables.

ALTER TABLE runs RENAME TO hot_runs;
ALTER TABLE steps RENAME TO hot_steps;
ALTER TABLE quota_readings RENAME TO hot_quota_readings;
ALTER TABLE recorded_values RENAME TO hot_recorded_values;

CREATE VIEW runs AS SELECT * FROM hot_runs;
CREATE VIEW steps AS SELECT * FROM hot_steps;
CREATE VIEW quota_readings AS SELECT * FROM hot_quota_readings;
CREATE VIEW recorded_values AS SELECT * FROM hot_recorded_values;
CREATE VIEW sealed_runs AS SELECT * FROM hot_runs WHERE false;

CREATE TABLE sealing_state (
    store_id UUID NOT NULL,
    visible INTEGER NOT NULL,
    kept_from TIMESTAMPTZ,
    sealed_at TIMESTAMPTZ,
    problem VARCHAR
);
COMMENT ON TABLE sealing_state IS 'One row: how far sealing has come. Rows of month files with a higher seal do not count.';
COMMENT ON COLUMN sealing_state.store_id IS 'Identity of this store; its month files bear it, too.';
COMMENT ON COLUMN sealing_state.visible IS 'The last seal whose rows have left the hot tables.';
COMMENT ON COLUMN sealing_state.kept_from IS 'Sealed rows before this instant are beyond their age and no longer shown; null before the first.';
COMMENT ON COLUMN sealing_state.sealed_at IS 'When the last round of sealing ended, with or without rows; null before the first.';
COMMENT ON COLUMN sealing_state.problem IS 'Why the last round of sealing stopped early; null when it did not.';

INSERT INTO sealing_state (store_id, visible) VALUES (uuid(), 0);

CREATE TABLE sealed_days (
    day DATE NOT NULL,
    seal INTEGER NOT NULL,
    sealed_at TIMESTAMPTZ NOT NULL,
    sealed_rows BIGINT NOT NULL
);
COMMENT ON TABLE sealed_days IS 'Days that were moved into month files, with late rows counted in; a day goes with its month.';
COMMENT ON COLUMN sealed_days.day IS 'The day (UTC).';
COMMENT ON COLUMN sealed_days.seal IS 'The last seal that moved rows of it.';
COMMENT ON COLUMN sealed_days.sealed_at IS 'When that was.';
COMMENT ON COLUMN sealed_days.sealed_rows IS 'Rows of all tables moved so far, count.';
