-- What people do to incidents, and what the receivers of messages say back. Instants are UTC.

ALTER TABLE incidents ADD COLUMN resolved_by VARCHAR;
COMMENT ON COLUMN incidents.resolved_by IS 'Who called it over by hand; null where it ended by itself.';

ALTER TABLE incidents ADD COLUMN dismissed VARCHAR DEFAULT '[]';
COMMENT ON COLUMN incidents.dismissed IS 'Conditions that held when somebody called it over and have held since: they open nothing, JSON list.';
