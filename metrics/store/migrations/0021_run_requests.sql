-- Runs that people asked for, outside the timetable.

CREATE SEQUENCE run_request_ids;

CREATE TABLE run_requests (
    request_id VARCHAR PRIMARY KEY,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    asked_by VARCHAR NOT NULL,
    state VARCHAR NOT NULL DEFAULT 'asked',
    reason VARCHAR NOT NULL DEFAULT '',
    run_id VARCHAR,
    prober_id VARCHAR,
    offered_at TIMESTAMPTZ,
    answered_at TIMESTAMPTZ
);
COMMENT ON TABLE run_requests IS 'Runs that people asked for, one row per workflow and region; the run itself has attempt 0.';
COMMENT ON COLUMN run_requests.request_id IS 'Identity: q- and a number.';
COMMENT ON COLUMN run_requests.integration IS 'Integration name.';
COMMENT ON COLUMN run_requests.workflow IS 'Workflow name.';
COMMENT ON COLUMN run_requests.region IS 'Region whose prober is to make it.';
COMMENT ON COLUMN run_requests.asked_at IS 'When it was asked for.';
COMMENT ON COLUMN run_requests.asked_by IS 'Who asked.';
COMMENT ON COLUMN run_requests.state IS 'asked, running, declined or done, as the hub last heard; one without an answer expires.';
COMMENT ON COLUMN run_requests.reason IS 'Why it was declined, or what is special about the run; empty otherwise.';
COMMENT ON COLUMN run_requests.run_id IS 'The run; null until it has ended.';
COMMENT ON COLUMN run_requests.prober_id IS 'The prober that it was offered to last; null before.';
COMMENT ON COLUMN run_requests.offered_at IS 'When it was offered to that prober first.';
COMMENT ON COLUMN run_requests.answered_at IS 'When the prober last said something of it; null before.';
