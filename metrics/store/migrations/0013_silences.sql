-- Who does not hear, and why. Ended rows stay: they are the record of what nobody was told of.

CREATE SEQUENCE silence_ids;
CREATE SEQUENCE muting_ids;

CREATE TABLE silences (
    silence_id VARCHAR PRIMARY KEY,
    matchers VARCHAR NOT NULL,
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    author VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    ended_by VARCHAR
);
COMMENT ON TABLE silences IS 'Silences that people made at run time; those of alerts.yaml are not in it.';
COMMENT ON COLUMN silences.silence_id IS 'Identity: s- and a number.';
COMMENT ON COLUMN silences.matchers IS 'What it covers, JSON object of property to list of patterns.';
COMMENT ON COLUMN silences.starts_at IS 'From this instant on.';
COMMENT ON COLUMN silences.ends_at IS 'Up to, but not including, this instant.';
COMMENT ON COLUMN silences.author IS 'Who made it.';
COMMENT ON COLUMN silences.note IS 'Why, in the author''s words.';
COMMENT ON COLUMN silences.created_at IS 'When it was made.';
COMMENT ON COLUMN silences.ended_at IS 'When somebody ended it before its time; null when nobody did.';
COMMENT ON COLUMN silences.ended_by IS 'Who did.';

CREATE TABLE mutings (
    muting_id BIGINT PRIMARY KEY,
    incident_id VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    words VARCHAR NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    until_at TIMESTAMPTZ,
    withheld INTEGER NOT NULL DEFAULT 0,
    ended_at TIMESTAMPTZ
);
COMMENT ON TABLE mutings IS 'Times in which nobody, or not everybody, was told of an incident. One row at most per incident has no end.';
COMMENT ON COLUMN mutings.muting_id IS 'Order of writing.';
COMMENT ON COLUMN mutings.incident_id IS 'The incident.';
COMMENT ON COLUMN mutings.reason IS 'silence, maintenance, quiet_hours, storm or dependency.';
COMMENT ON COLUMN mutings.words IS 'By what, and until when, for people.';
COMMENT ON COLUMN mutings.began_at IS 'First evaluation at which it was muted.';
COMMENT ON COLUMN mutings.until_at IS 'When it is to end, as far as that is known.';
COMMENT ON COLUMN mutings.withheld IS 'Changes of the incident that nobody, or not everybody, was told of, count.';
COMMENT ON COLUMN mutings.ended_at IS 'First evaluation at which it was not muted any more; null while it is.';
