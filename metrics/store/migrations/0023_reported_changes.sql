-- What people and programs say that they changed: deploys, configuration, something at a vendor.

CREATE SEQUENCE reported_change_ids;

CREATE TABLE reported_changes (
    change_id VARCHAR PRIMARY KEY,
    happened_at TIMESTAMPTZ NOT NULL,
    title VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    integrations VARCHAR[] NOT NULL,
    flows VARCHAR[] NOT NULL,
    link VARCHAR NOT NULL DEFAULT '',
    reported_by VARCHAR NOT NULL,
    reported_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE reported_changes IS 'Changes that were reported to us, append only.';
COMMENT ON COLUMN reported_changes.change_id IS 'Identity: c- and a number.';
COMMENT ON COLUMN reported_changes.happened_at IS 'When it was changed.';
COMMENT ON COLUMN reported_changes.title IS 'What was changed, for people.';
COMMENT ON COLUMN reported_changes.kind IS 'deploy, config, vendor or other.';
COMMENT ON COLUMN reported_changes.integrations IS 'What it touches, those of the flows included; empty: everything.';
COMMENT ON COLUMN reported_changes.flows IS 'Business flows that were named.';
COMMENT ON COLUMN reported_changes.link IS 'Where there is more, an http(s) address; empty without.';
COMMENT ON COLUMN reported_changes.reported_by IS 'Who says so.';
COMMENT ON COLUMN reported_changes.reported_at IS 'When it was reported.';
