-- What holds, but not yet for as long as it has to before anybody is told. Instants are UTC.

CREATE TABLE pending_conditions (
    key VARCHAR NOT NULL,
    held_since TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE pending_conditions IS 'Conditions that hold and that nobody is told of yet: their rule has a for-time, or a storm may be brewing.';
COMMENT ON COLUMN pending_conditions.key IS 'Key of the condition.';
COMMENT ON COLUMN pending_conditions.held_since IS 'First evaluation at which it held.';
