-- What answers say of an API's future, and the shapes of JSON answers. Instants are UTC.

ALTER TABLE steps ADD COLUMN shape_id VARCHAR;
COMMENT ON COLUMN steps.shape_id IS 'Shape of its JSON answer (table shapes); null where it was not looked at.';

CREATE TABLE change_signals (
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    api VARCHAR NOT NULL,
    what VARCHAR NOT NULL,
    ends_at TIMESTAMPTZ,
    link VARCHAR,
    region VARCHAR NOT NULL,
    run_id UUID NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL,
    last_seen TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (integration, workflow, step, kind, source)
);
COMMENT ON TABLE change_signals IS 'What a vendor says in its answers of its API''s future, in its latest words; one row per step, kind and header.';
COMMENT ON COLUMN change_signals.integration IS 'Integration whose workflow it is.';
COMMENT ON COLUMN change_signals.workflow IS 'Workflow that it was said to.';
COMMENT ON COLUMN change_signals.step IS 'Step that it was said to.';
COMMENT ON COLUMN change_signals.kind IS 'deprecation, sunset or fall_forward (another version answers than the one asked for).';
COMMENT ON COLUMN change_signals.source IS 'Response header that says so, in lower case.';
COMMENT ON COLUMN change_signals.api IS 'Integration whose API it is; another one where the step is sent there.';
COMMENT ON COLUMN change_signals.what IS 'The vendor''s words, or the versions; empty where there are none.';
COMMENT ON COLUMN change_signals.ends_at IS 'When it is deprecated or ends; null where the vendor names no date.';
COMMENT ON COLUMN change_signals.link IS 'What the vendor refers to for more.';
COMMENT ON COLUMN change_signals.region IS 'Region that heard it last.';
COMMENT ON COLUMN change_signals.run_id IS 'Run that heard it last.';
COMMENT ON COLUMN change_signals.first_seen IS 'Since when it is said with this date.';
COMMENT ON COLUMN change_signals.last_seen IS 'When it was last said; probers repeat what lasts every ten minutes.';

CREATE TABLE shapes (
    shape_id VARCHAR PRIMARY KEY,
    request VARCHAR NOT NULL,
    paths VARCHAR NOT NULL,
    complete BOOLEAN NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE shapes IS 'Which paths a JSON answer has and of which types; no values.';
COMMENT ON COLUMN shapes.shape_id IS 'Digest of the rest.';
COMMENT ON COLUMN shapes.request IS 'Digest of the request as declared; only answers to the same request are compared.';
COMMENT ON COLUMN shapes.paths IS 'Normalised path to its types, JSON object; ids and personal keys are collapsed to [<id>].';
COMMENT ON COLUMN shapes.complete IS 'False where a cap was reached: a path that is missing may have been there.';
COMMENT ON COLUMN shapes.first_seen IS 'Start of the first run that had it.';

CREATE TABLE shape_counts (
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    shape_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    good BIGINT NOT NULL,
    bad BIGINT NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL,
    last_seen TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (integration, workflow, step, shape_id, day)
);
COMMENT ON TABLE shape_counts IS 'How often the answers to a step had a shape, by day; what is usual is learned from it.';
COMMENT ON COLUMN shape_counts.integration IS 'Integration name.';
COMMENT ON COLUMN shape_counts.workflow IS 'Workflow name.';
COMMENT ON COLUMN shape_counts.step IS 'Step name.';
COMMENT ON COLUMN shape_counts.shape_id IS 'The shape.';
COMMENT ON COLUMN shape_counts.day IS 'Day of the attempts (UTC).';
COMMENT ON COLUMN shape_counts.good IS 'Good attempts that were looked at, count.';
COMMENT ON COLUMN shape_counts.bad IS 'Attempts that failed by what was in the answer, count.';
COMMENT ON COLUMN shape_counts.first_seen IS 'Start of the first of them.';
COMMENT ON COLUMN shape_counts.last_seen IS 'Start of the last of them.';

CREATE TABLE shape_findings (
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    change VARCHAR NOT NULL,
    was VARCHAR NOT NULL,
    now VARCHAR NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    learned BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    failing BOOLEAN NOT NULL,
    regions VARCHAR NOT NULL,
    found_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE shape_findings IS 'Lasting changes in the shape of answers, as of the latest look; rewritten each time.';
COMMENT ON COLUMN shape_findings.integration IS 'Integration name.';
COMMENT ON COLUMN shape_findings.workflow IS 'Workflow name.';
COMMENT ON COLUMN shape_findings.step IS 'Step name.';
COMMENT ON COLUMN shape_findings.path IS 'Normalised path.';
COMMENT ON COLUMN shape_findings.change IS 'new, removed, retyped or null (newly null).';
COMMENT ON COLUMN shape_findings.was IS 'Types before, joined by |; empty where the path was not there.';
COMMENT ON COLUMN shape_findings.now IS 'Types now, joined by |; empty where the path is gone.';
COMMENT ON COLUMN shape_findings.since IS 'First attempt that differed.';
COMMENT ON COLUMN shape_findings.learned IS 'Good attempts before it that what is usual was learned from, count.';
COMMENT ON COLUMN shape_findings.seen IS 'Attempts that differed, as far as they were looked at, count.';
COMMENT ON COLUMN shape_findings.failing IS 'Whether the latest attempts fail by what is in the answer.';
COMMENT ON COLUMN shape_findings.regions IS 'Regions that see it, comma-separated.';
COMMENT ON COLUMN shape_findings.found_at IS 'When the look was taken.';
