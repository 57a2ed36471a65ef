-- Whether failures that go on reach back into an outage that people were told of, also after a restart.

ALTER TABLE baseline_firing ADD COLUMN window_s INTEGER;
COMMENT ON COLUMN baseline_firing.window_s IS 'Of failures: length of the shortest window that tells of it, seconds; NULL for other measures.';
