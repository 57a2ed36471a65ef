-- What people do to incidents, and what the receivers of messages say back. Instants are UTC.

ALTER TABLE incidents ADD COLUMN resolved_by VARCHAR;
COMMENT ON COLUMN incidents.resolved_by IS 'Who called it over by hand; null where it ended by itself.';

ALTER TABLE incidents ADD COLUMN dismissed VARCHAR DEFAULT '[]';
COMMENT ON COLUMN incidents.dismissed IS 'Conditions that held when somebody called it over and have held since: they open nothing, JSON list.';

ALTER TABLE outbox ADD COLUMN note VARCHAR DEFAULT '';
COMMENT ON COLUMN outbox.note IS 'Why it is told now, where that is not a change of the incident: a level that nobody acknowledged, a reminder.';

COMMENT ON COLUMN incident_events.kind IS 'What kind of fact; docs/incidents.md lists them.';

CREATE TABLE inbound_events (
    channel VARCHAR NOT NULL,
    event_key VARCHAR NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (channel, event_key)
);
COMMENT ON TABLE inbound_events IS 'What receivers of messages told back of late, so that a repetition changes nothing.';
COMMENT ON COLUMN inbound_events.channel IS 'The channel whose receiver told it.';
COMMENT ON COLUMN inbound_events.event_key IS 'Its event id, or a hash of its signature where the receiver numbers none.';
COMMENT ON COLUMN inbound_events.received_at IS 'When it came first.';

CREATE TABLE inbound_incidents (
    channel VARCHAR NOT NULL,
    their_id VARCHAR NOT NULL,
    incident_id VARCHAR NOT NULL,
    heard_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (channel, their_id)
);
COMMENT ON TABLE inbound_incidents IS 'What receivers of messages call our incidents: some of what they tell names only that.';
COMMENT ON COLUMN inbound_incidents.channel IS 'The channel whose receiver calls it so.';
COMMENT ON COLUMN inbound_incidents.their_id IS 'Their id of it.';
COMMENT ON COLUMN inbound_incidents.incident_id IS 'The incident.';
COMMENT ON COLUMN inbound_incidents.heard_at IS 'When we heard of that id first.';
