-- Steps against another integration; circuits and leftovers as the probers tell of them.

ALTER TABLE runs ADD COLUMN failed_integration VARCHAR;
COMMENT ON COLUMN runs.failed_integration IS 'The other integration that the deciding step was sent to; null when it was the run''s own.';

ALTER TABLE probers ADD COLUMN circuits VARCHAR;
COMMENT ON COLUMN probers.circuits IS 'Integrations that it has stopped asking but for one run at a time, JSON list; null when it did not say.';

ALTER TABLE probers ADD COLUMN leftovers VARCHAR;
COMMENT ON COLUMN probers.leftovers IS 'What failed clean-ups left at the vendors, counted by workflow, JSON list; null when it did not say.';
