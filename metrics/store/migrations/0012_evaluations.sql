-- Verdicts with their reasons, so that any of them can be explained later.

CREATE TABLE evaluations (
    judged_at TIMESTAMPTZ NOT NULL,
    kind VARCHAR NOT NULL,
    integration VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    seen DOUBLE,
    against DOUBLE,
    unit VARCHAR NOT NULL,
    samples INTEGER,
    words VARCHAR NOT NULL
);
COMMENT ON TABLE evaluations IS 'Verdicts on objectives, quotas, latencies and error rates: a row when one changes, and one an hour while it is not good.';
COMMENT ON COLUMN evaluations.judged_at IS 'What the verdict is about ended here.';
COMMENT ON COLUMN evaluations.kind IS 'What was judged: objective, quota, latency or failures.';
COMMENT ON COLUMN evaluations.integration IS 'Integration name.';
COMMENT ON COLUMN evaluations.subject IS 'Which of them: the key of the objective, the quota''s account and bucket, or the series.';
COMMENT ON COLUMN evaluations.verdict IS 'What it came to, e.g. good, firing, accepted, runs_out.';
COMMENT ON COLUMN evaluations.seen IS 'The figure that was judged.';
COMMENT ON COLUMN evaluations.against IS 'What it was held against.';
COMMENT ON COLUMN evaluations.unit IS 'Of both figures.';
COMMENT ON COLUMN evaluations.samples IS 'How many measurements the figure is made of, count; null where that is not known.';
COMMENT ON COLUMN evaluations.words IS 'The reason as people read it.';
