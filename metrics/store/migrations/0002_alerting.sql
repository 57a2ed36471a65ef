-- Incidents and the messages about them. Instants are UTC. Columns that are updated carry no index: DuckDB turns an
-- update of an indexed or a LIST column into delete + insert, which trips over the primary key.

-- The numbers are drawn by the INSERTs: a column that defaults to nextval() makes DuckDB 1.5 unable to replay its
-- write-ahead log after a crash.
CREATE SEQUENCE incident_event_ids;
CREATE SEQUENCE notification_ids;
CREATE SEQUENCE audit_ids;

CREATE TABLE incidents (
    incident_id VARCHAR PRIMARY KEY,
    subject VARCHAR NOT NULL,
    tier VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    opened_at TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ,
    acknowledged_at TIMESTAMPTZ,
    acknowledged_by VARCHAR,
    reopened INTEGER NOT NULL DEFAULT 0,
    told_until TIMESTAMPTZ,
    owner VARCHAR NOT NULL DEFAULT '',
    runbook VARCHAR,
    flows VARCHAR NOT NULL,
    conditions VARCHAR NOT NULL
);
COMMENT ON TABLE incidents IS 'One row per outage of one subject.';
COMMENT ON COLUMN incidents.incident_id IS 'Identity; the second it opened and its subject, readable.';
COMMENT ON COLUMN incidents.subject IS 'Integration name, region:NAME, prober:ID or channel:NAME.';
COMMENT ON COLUMN incidents.tier IS 'Loudest tier reached since it last opened: urgent or degraded.';
COMMENT ON COLUMN incidents.state IS 'open, acknowledged or resolved.';
COMMENT ON COLUMN incidents.title IS 'What it is called, after its worst condition.';
COMMENT ON COLUMN incidents.opened_at IS 'When it first opened.';
COMMENT ON COLUMN incidents.resolved_at IS 'When no condition held any more; null while it lasts.';
COMMENT ON COLUMN incidents.acknowledged_at IS 'When somebody took it; null when nobody did.';
COMMENT ON COLUMN incidents.acknowledged_by IS 'Who took it.';
COMMENT ON COLUMN incidents.reopened IS 'How often it came back within the flap window, count.';
COMMENT ON COLUMN incidents.told_until IS 'End of its latest urgent trouble; older burn is no news after it.';
COMMENT ON COLUMN incidents.owner IS 'Team that owns the integration.';
COMMENT ON COLUMN incidents.runbook IS 'Address of the runbook.';
COMMENT ON COLUMN incidents.flows IS 'Business flows that break with it, JSON list of names.';
COMMENT ON COLUMN incidents.conditions IS 'What is wrong (after the end: what was wrong last), JSON list, worst first.';

CREATE TABLE incident_events (
    event_id BIGINT PRIMARY KEY,
    incident_id VARCHAR NOT NULL,
    happened_at TIMESTAMPTZ NOT NULL,
    kind VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    who VARCHAR NOT NULL DEFAULT ''
);
COMMENT ON TABLE incident_events IS 'Timeline of every incident, append only.';
COMMENT ON COLUMN incident_events.event_id IS 'Order of writing.';
COMMENT ON COLUMN incident_events.incident_id IS 'The incident.';
COMMENT ON COLUMN incident_events.happened_at IS 'When it happened.';
COMMENT ON COLUMN incident_events.kind IS 'opened, reopened, escalated, updated, resolved, acknowledged, comment or undelivered.';
COMMENT ON COLUMN incident_events.note IS 'What happened, for people.';
COMMENT ON COLUMN incident_events.who IS 'Who did it; empty for Leadline itself.';

CREATE TABLE outbox (
    notification_id BIGINT PRIMARY KEY,
    incident_id VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    tier VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    incident VARCHAR NOT NULL,
    budget_left DOUBLE,
    fallbacks VARCHAR NOT NULL,
    state VARCHAR NOT NULL DEFAULT 'due',
    due_at TIMESTAMPTZ NOT NULL,
    claim VARCHAR,
    lease_until TIMESTAMPTZ,
    attempts INTEGER NOT NULL DEFAULT 0,
    receipt VARCHAR NOT NULL DEFAULT '{}',
    settled_at TIMESTAMPTZ
);
COMMENT ON TABLE outbox IS 'Messages, written in the transaction that changed the incident; sending is the deliverer''s job.';
COMMENT ON COLUMN outbox.notification_id IS 'Identity and order of writing.';
COMMENT ON COLUMN outbox.incident_id IS 'The incident it tells of.';
COMMENT ON COLUMN outbox.channel IS 'Channel to send it through.';
COMMENT ON COLUMN outbox.tier IS 'Tier of the route that chose the channel: urgent, degraded or report.';
COMMENT ON COLUMN outbox.action IS 'trigger, update, acknowledge or resolve.';
COMMENT ON COLUMN outbox.created_at IS 'When it was decided.';
COMMENT ON COLUMN outbox.incident IS 'The incident as it was then, JSON.';
COMMENT ON COLUMN outbox.budget_left IS 'Share of the availability budget left then, 0…1 or negative; null when unknown.';
COMMENT ON COLUMN outbox.fallbacks IS 'Channels to try when this one refuses for good, in order, JSON list of names.';
COMMENT ON COLUMN outbox.state IS 'due, claimed, sent, dead (given up) or superseded (overtaken by a newer message).';
COMMENT ON COLUMN outbox.due_at IS 'Not before this instant.';
COMMENT ON COLUMN outbox.claim IS 'Token of the deliverer that is sending it.';
COMMENT ON COLUMN outbox.lease_until IS 'A claim older than this was lost in a crash and is taken up again.';
COMMENT ON COLUMN outbox.attempts IS 'Attempts so far, count.';
COMMENT ON COLUMN outbox.receipt IS 'What the channel answered that later messages need, JSON object of texts.';
COMMENT ON COLUMN outbox.settled_at IS 'When it was sent, given up or superseded.';

CREATE TABLE delivery_attempts (
    notification_id BIGINT NOT NULL,
    channel VARCHAR NOT NULL,
    attempt INTEGER NOT NULL,
    attempted_at TIMESTAMPTZ NOT NULL,
    duration_ms DOUBLE NOT NULL,
    ok BOOLEAN NOT NULL,
    permanent BOOLEAN NOT NULL,
    status INTEGER,
    answer VARCHAR NOT NULL
);
COMMENT ON TABLE delivery_attempts IS 'Ledger of every try at telling somebody, append only.';
COMMENT ON COLUMN delivery_attempts.notification_id IS 'The message.';
COMMENT ON COLUMN delivery_attempts.channel IS 'The channel.';
COMMENT ON COLUMN delivery_attempts.attempt IS 'Number of the try, from 1.';
COMMENT ON COLUMN delivery_attempts.attempted_at IS 'When it started.';
COMMENT ON COLUMN delivery_attempts.duration_ms IS 'How long it took, milliseconds.';
COMMENT ON COLUMN delivery_attempts.ok IS 'Whether the channel accepted it.';
COMMENT ON COLUMN delivery_attempts.permanent IS 'Whether it was given up after this try.';
COMMENT ON COLUMN delivery_attempts.status IS 'HTTP or SMTP status; null when there was no answer.';
COMMENT ON COLUMN delivery_attempts.answer IS 'The answer or the error, short and without secrets.';

CREATE TABLE audit (
    audit_id BIGINT PRIMARY KEY,
    done_at TIMESTAMPTZ NOT NULL,
    who VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    detail VARCHAR NOT NULL DEFAULT ''
);
COMMENT ON TABLE audit IS 'What people did, append only.';
COMMENT ON COLUMN audit.audit_id IS 'Order of writing.';
COMMENT ON COLUMN audit.done_at IS 'When.';
COMMENT ON COLUMN audit.who IS 'Who.';
COMMENT ON COLUMN audit.action IS 'What was done, e.g. incident.acknowledge.';
COMMENT ON COLUMN audit.subject IS 'To what.';
COMMENT ON COLUMN audit.detail IS 'Anything more, for people.';
