-- How each channel fares, what its self-tests showed, and how one is reached that has left the configuration.

CREATE TABLE channel_health (
    channel VARCHAR PRIMARY KEY,
    failures INTEGER NOT NULL,
    failing_since TIMESTAMPTZ,
    held_until TIMESTAMPTZ,
    problem VARCHAR,
    last_ok_at TIMESTAMPTZ
);
COMMENT ON TABLE channel_health IS 'How each channel fares: one row for each that was ever used.';
COMMENT ON COLUMN channel_health.channel IS 'Its name.';
COMMENT ON COLUMN channel_health.failures IS 'Temporary failures in a row, self-tests included, count; 0 after a success.';
COMMENT ON COLUMN channel_health.failing_since IS 'The first of them; null when there is none.';
COMMENT ON COLUMN channel_health.held_until IS 'Nothing is sent through it before this instant, because it asked for that or its circuit is open.';
COMMENT ON COLUMN channel_health.problem IS 'What the latest failure said; null when there is none.';
COMMENT ON COLUMN channel_health.last_ok_at IS 'When it last accepted a message; null when it never did.';

CREATE TABLE channel_tests (
    channel VARCHAR NOT NULL,
    tested_at TIMESTAMPTZ NOT NULL,
    duration_ms DOUBLE NOT NULL,
    ok BOOLEAN NOT NULL,
    permanent BOOLEAN NOT NULL,
    end_to_end BOOLEAN NOT NULL,
    status INTEGER,
    answer VARCHAR NOT NULL,
    asked_by VARCHAR NOT NULL DEFAULT ''
);
COMMENT ON TABLE channel_tests IS 'What self-tests of channels showed, append only.';
COMMENT ON COLUMN channel_tests.channel IS 'The channel.';
COMMENT ON COLUMN channel_tests.tested_at IS 'When it was tested.';
COMMENT ON COLUMN channel_tests.duration_ms IS 'How long that took, milliseconds.';
COMMENT ON COLUMN channel_tests.ok IS 'Whether it works.';
COMMENT ON COLUMN channel_tests.permanent IS 'Whether trying again cannot help.';
COMMENT ON COLUMN channel_tests.end_to_end IS 'Whether a message of its own took the whole way.';
COMMENT ON COLUMN channel_tests.status IS 'HTTP or SMTP status; null when there was no answer.';
COMMENT ON COLUMN channel_tests.answer IS 'What was shown, or the error; short and without secrets.';
COMMENT ON COLUMN channel_tests.asked_by IS 'Who asked for it; empty for the timetable.';

CREATE TABLE channel_specs (
    channel VARCHAR PRIMARY KEY,
    spec VARCHAR NOT NULL,
    retired_at TIMESTAMPTZ
);
COMMENT ON TABLE channel_specs IS 'Channels as they were last declared, so that one that left the configuration can still tell of the end of what it told of.';
COMMENT ON COLUMN channel_specs.channel IS 'Its name.';
COMMENT ON COLUMN channel_specs.spec IS 'Its kind and options as written, JSON: references, never secrets.';
COMMENT ON COLUMN channel_specs.retired_at IS 'When it left the configuration; null while it is in it.';

ALTER TABLE outbox ADD COLUMN urgency INTEGER DEFAULT 0;
ALTER TABLE outbox ADD COLUMN passed_on_at TIMESTAMPTZ;
COMMENT ON COLUMN outbox.action IS 'trigger, update, acknowledge, resolve, or change (a change event: nothing is wrong).';
COMMENT ON COLUMN outbox.urgency IS 'What goes first through a channel: 2 of an urgent incident, 1 of a degraded one, 0 a report.';
COMMENT ON COLUMN outbox.passed_on_at IS 'When the next channel was told as well, because this one did not take it in time; null when it was not.';
