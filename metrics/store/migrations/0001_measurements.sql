-- Measurements as the probers made them. Instants are UTC, durations milliseconds unless the name ends in _s.

CREATE TABLE probers (
    prober_id VARCHAR PRIMARY KEY,
    region VARCHAR NOT NULL,
    cursor BIGINT NOT NULL DEFAULT 0,
    last_seen TIMESTAMPTZ,
    started_at TIMESTAMPTZ,
    sent_at TIMESTAMPTZ,
    version VARCHAR,
    loop_lag_ms DOUBLE,
    outbox_depth BIGINT,
    config_version VARCHAR,
    runs_missed BIGINT,
    previous_stop VARCHAR,
    problem VARCHAR
);
COMMENT ON TABLE probers IS 'One row per prober that has ever reported: how far its runs are stored, and its last heartbeat.';
COMMENT ON COLUMN probers.prober_id IS 'Identity of one prober outbox; a new outbox is a new prober.';
COMMENT ON COLUMN probers.region IS 'Region it probes from.';
COMMENT ON COLUMN probers.cursor IS 'Highest run number stored; nothing up to it needs to be sent again.';
COMMENT ON COLUMN probers.last_seen IS 'Arrival of the last heartbeat; null before the first.';
COMMENT ON COLUMN probers.started_at IS 'Start of the prober process (its own clock).';
COMMENT ON COLUMN probers.sent_at IS 'When the last heartbeat was sent (its own clock).';
COMMENT ON COLUMN probers.version IS 'Leadline version of the prober.';
COMMENT ON COLUMN probers.loop_lag_ms IS 'Event-loop lag of the prober, milliseconds.';
COMMENT ON COLUMN probers.outbox_depth IS 'Runs waiting in its outbox, count.';
COMMENT ON COLUMN probers.config_version IS 'Configuration it works under, content hash.';
COMMENT ON COLUMN probers.runs_missed IS 'Runs it could not start in time since its start, count.';
COMMENT ON COLUMN probers.previous_stop IS 'How its last life ended: clean, unclean or first.';
COMMENT ON COLUMN probers.problem IS 'Why it cannot probe; null when it can.';

CREATE TABLE number_gaps (
    prober_id VARCHAR NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL
);
COMMENT ON TABLE number_gaps IS 'Run numbers below a prober''s cursor that have never arrived; one that still comes is stored and taken out.';
COMMENT ON COLUMN number_gaps.prober_id IS 'The prober.';
COMMENT ON COLUMN number_gaps.first IS 'First missing run number.';
COMMENT ON COLUMN number_gaps.last IS 'Last missing run number.';

CREATE TABLE runs (
    run_id UUID NOT NULL,
    prober_id VARCHAR NOT NULL,
    number BIGINT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    region VARCHAR NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    scheduled_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    duration_ms DOUBLE NOT NULL,
    outcome VARCHAR NOT NULL,
    config_version VARCHAR NOT NULL,
    attempt SMALLINT NOT NULL,
    failure_kind VARCHAR,
    failure_message VARCHAR,
    failure_retryable BOOLEAN,
    failure_retry_after_s DOUBLE,
    failed_step VARCHAR,
    failed_status SMALLINT,
    evidence_id VARCHAR,
    loop_lag_ms DOUBLE NOT NULL,
    skip_reason VARCHAR,
    every_s DOUBLE NOT NULL,
    slice_at TIMESTAMPTZ NOT NULL,
    final BOOLEAN NOT NULL,
    slowest_total_ms DOUBLE,
    slowest_ttfb_ms DOUBLE,
    sync_lag_ms DOUBLE,
    simulated BOOLEAN NOT NULL
);
COMMENT ON TABLE runs IS 'One row per execution of a workflow; a confirmation run is a row of its own.';
COMMENT ON COLUMN runs.run_id IS 'Identity of the run.';
COMMENT ON COLUMN runs.prober_id IS 'Prober that made it; simulation for generated history.';
COMMENT ON COLUMN runs.number IS 'Position in the prober''s outbox, without gaps; unique with prober_id.';
COMMENT ON COLUMN runs.received_at IS 'When the hub received it.';
COMMENT ON COLUMN runs.region IS 'Region of the prober.';
COMMENT ON COLUMN runs.integration IS 'Integration name.';
COMMENT ON COLUMN runs.workflow IS 'Workflow name.';
COMMENT ON COLUMN runs.scheduled_at IS 'When the schedule wanted it; decides its slice.';
COMMENT ON COLUMN runs.started_at IS 'When its first step started.';
COMMENT ON COLUMN runs.duration_ms IS 'First step''s start to last non-cleanup step''s end, milliseconds.';
COMMENT ON COLUMN runs.outcome IS 'passed, unstable, failed, throttled, skipped or tainted.';
COMMENT ON COLUMN runs.config_version IS 'Configuration it ran under, content hash.';
COMMENT ON COLUMN runs.attempt IS '1, or 2 and up for confirmation runs.';
COMMENT ON COLUMN runs.failure_kind IS 'Kind of the failure that decided the outcome.';
COMMENT ON COLUMN runs.failure_message IS 'The failure for people, without secrets.';
COMMENT ON COLUMN runs.failure_retryable IS 'Whether trying again may help.';
COMMENT ON COLUMN runs.failure_retry_after_s IS 'How long the vendor asked to wait, seconds.';
COMMENT ON COLUMN runs.failed_step IS 'Name of the step that decided the outcome.';
COMMENT ON COLUMN runs.failed_status IS 'HTTP status of that step''s last attempt; null without an answer.';
COMMENT ON COLUMN runs.evidence_id IS 'Evidence of that step, or else the first evidence of the run.';
COMMENT ON COLUMN runs.loop_lag_ms IS 'Event-loop lag of the prober during the run, milliseconds.';
COMMENT ON COLUMN runs.skip_reason IS 'Why it was skipped.';
COMMENT ON COLUMN runs.every_s IS 'Interval of the schedule that was in force, seconds; 60 when the prober did not say.';
COMMENT ON COLUMN runs.slice_at IS 'Start of its slice: scheduled_at rounded down to a whole number of intervals since the epoch.';
COMMENT ON COLUMN runs.final IS 'True for the one run that decides its slice: the last attempt of those that say something about the vendor.';
COMMENT ON COLUMN runs.slowest_total_ms IS 'Largest total_ms of its good non-cleanup attempts, milliseconds; null when the loop was late.';
COMMENT ON COLUMN runs.slowest_ttfb_ms IS 'Largest ttfb_ms of its good non-cleanup attempts, milliseconds; null when the loop was late.';
COMMENT ON COLUMN runs.sync_lag_ms IS 'Its recorded value sync_lag_ms, milliseconds: write to visible; null when the loop was late.';
COMMENT ON COLUMN runs.simulated IS 'True for generated history, which no prober measured.';

CREATE TABLE schedule_changes (
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    every_s DOUBLE NOT NULL
);
COMMENT ON TABLE schedule_changes IS 'From when on each series (workflow and region) was scheduled at which interval; what expected slices are counted with.';
COMMENT ON COLUMN schedule_changes.integration IS 'Integration name.';
COMMENT ON COLUMN schedule_changes.workflow IS 'Workflow name.';
COMMENT ON COLUMN schedule_changes.region IS 'Region of the prober.';
COMMENT ON COLUMN schedule_changes.since IS 'First measured slice with this interval; in force until the next row of the series.';
COMMENT ON COLUMN schedule_changes.every_s IS 'Interval, seconds.';

CREATE TABLE steps (
    run_id UUID NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    position SMALLINT NOT NULL,
    step VARCHAR NOT NULL,
    attempt SMALLINT NOT NULL,
    cleanup BOOLEAN NOT NULL,
    counted BOOLEAN NOT NULL,
    timed BOOLEAN NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    outcome VARCHAR NOT NULL,
    failure_kind VARCHAR,
    failure_message VARCHAR,
    failure_retryable BOOLEAN,
    failure_retry_after_s DOUBLE,
    method VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    status SMALLINT,
    http_version VARCHAR,
    remote_address VARCHAR,
    response_bytes BIGINT,
    tls_version VARCHAR,
    certificate_expires_at TIMESTAMPTZ,
    dns_ms DOUBLE,
    connect_ms DOUBLE,
    tls_ms DOUBLE,
    send_ms DOUBLE,
    wait_ms DOUBLE,
    ttfb_ms DOUBLE,
    download_ms DOUBLE,
    total_ms DOUBLE,
    assertions JSON,
    captured JSON,
    vendor_request_ids JSON,
    simulated BOOLEAN NOT NULL
);
COMMENT ON TABLE steps IS 'One row per attempt at a step; integration, workflow and region are repeated from the run, for speed.';
COMMENT ON COLUMN steps.run_id IS 'The run it belongs to.';
COMMENT ON COLUMN steps.integration IS 'Integration name.';
COMMENT ON COLUMN steps.workflow IS 'Workflow name.';
COMMENT ON COLUMN steps.region IS 'Region of the prober.';
COMMENT ON COLUMN steps.position IS 'Place of the step in the workflow, from 0.';
COMMENT ON COLUMN steps.step IS 'Step name.';
COMMENT ON COLUMN steps.attempt IS '1, or 2 and up for retries.';
COMMENT ON COLUMN steps.cleanup IS 'A step that always runs; its latency counts nowhere.';
COMMENT ON COLUMN steps.counted IS 'A request that was really made, by a prober fit to measure: what rates are shares of.';
COMMENT ON COLUMN steps.timed IS 'Its timings are fit to be counted: the prober''s loop was on time.';
COMMENT ON COLUMN steps.started_at IS 'Start of the attempt.';
COMMENT ON COLUMN steps.outcome IS 'passed, unstable, failed, throttled, skipped or tainted.';
COMMENT ON COLUMN steps.failure_kind IS 'Kind of failure; null when good.';
COMMENT ON COLUMN steps.failure_message IS 'The failure for people, without secrets.';
COMMENT ON COLUMN steps.failure_retryable IS 'Whether trying again may help.';
COMMENT ON COLUMN steps.failure_retry_after_s IS 'How long the vendor asked to wait, seconds.';
COMMENT ON COLUMN steps.method IS 'HTTP method.';
COMMENT ON COLUMN steps.url IS 'Redacted address.';
COMMENT ON COLUMN steps.status IS 'HTTP status; null without an answer.';
COMMENT ON COLUMN steps.http_version IS 'HTTP version of the answer.';
COMMENT ON COLUMN steps.remote_address IS 'Address of the peer, host:port.';
COMMENT ON COLUMN steps.response_bytes IS 'Size of the body as received, bytes.';
COMMENT ON COLUMN steps.tls_version IS 'TLS version; null without TLS.';
COMMENT ON COLUMN steps.certificate_expires_at IS 'End of the server certificate''s validity.';
COMMENT ON COLUMN steps.dns_ms IS 'Name look-up, milliseconds; null on a reused connection.';
COMMENT ON COLUMN steps.connect_ms IS 'TCP connect, milliseconds; null on a reused connection.';
COMMENT ON COLUMN steps.tls_ms IS 'TLS handshake, milliseconds; null on a reused connection.';
COMMENT ON COLUMN steps.send_ms IS 'Writing the request, milliseconds.';
COMMENT ON COLUMN steps.wait_ms IS 'Request fully written to first byte of the answer, milliseconds.';
COMMENT ON COLUMN steps.ttfb_ms IS 'Start of the attempt to first byte, milliseconds.';
COMMENT ON COLUMN steps.download_ms IS 'First to last byte of the answer, milliseconds.';
COMMENT ON COLUMN steps.total_ms IS 'Start of the attempt to last byte, milliseconds.';
COMMENT ON COLUMN steps.assertions IS 'Expectations as held against the answer; null when there were none.';
COMMENT ON COLUMN steps.captured IS 'Captured variables, redacted; null when there were none.';
COMMENT ON COLUMN steps.vendor_request_ids IS 'The vendor''s own request ids by header; null when there were none.';
COMMENT ON COLUMN steps.simulated IS 'True for generated history, which no prober measured.';

CREATE TABLE quota_readings (
    run_id UUID NOT NULL,
    integration VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    vendor VARCHAR NOT NULL,
    credential VARCHAR NOT NULL,
    bucket VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    observed_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL,
    limit_value DOUBLE,
    used DOUBLE,
    remaining DOUBLE,
    window_s DOUBLE,
    window_kind VARCHAR NOT NULL,
    timezone VARCHAR,
    reset_at TIMESTAMPTZ,
    restore_rate DOUBLE,
    simulated BOOLEAN NOT NULL
);
COMMENT ON TABLE quota_readings IS 'One row per vendor quota bucket that an answer reported, in the normal form of all vendors.';
COMMENT ON COLUMN quota_readings.run_id IS 'The run it was read in.';
COMMENT ON COLUMN quota_readings.integration IS 'Integration name.';
COMMENT ON COLUMN quota_readings.region IS 'Region of the prober.';
COMMENT ON COLUMN quota_readings.vendor IS 'Vendor preset.';
COMMENT ON COLUMN quota_readings.credential IS 'Name of the credential, never the credential.';
COMMENT ON COLUMN quota_readings.bucket IS 'Name of the bucket.';
COMMENT ON COLUMN quota_readings.unit IS 'What limit, used and remaining count: requests, points, tokens, credits, percent, concurrency, bytes.';
COMMENT ON COLUMN quota_readings.observed_at IS 'When the vendor said so.';
COMMENT ON COLUMN quota_readings.source IS 'header, body, usage_endpoint or declared.';
COMMENT ON COLUMN quota_readings.limit_value IS 'Size of the bucket, in unit; null when not reported.';
COMMENT ON COLUMN quota_readings.used IS 'Used, in unit; null when not reported.';
COMMENT ON COLUMN quota_readings.remaining IS 'Left, in unit; null when not reported.';
COMMENT ON COLUMN quota_readings.window_s IS 'Length of the bucket''s window, seconds.';
COMMENT ON COLUMN quota_readings.window_kind IS 'fixed, rolling, leaky, clock or calendar.';
COMMENT ON COLUMN quota_readings.timezone IS 'Time zone of a calendar window''s reset, IANA name.';
COMMENT ON COLUMN quota_readings.reset_at IS 'When the bucket is full again.';
COMMENT ON COLUMN quota_readings.restore_rate IS 'What a leaky bucket regains, unit per second.';
COMMENT ON COLUMN quota_readings.simulated IS 'True for generated history, which no prober measured.';

CREATE TABLE recorded_values (
    run_id UUID NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    name VARCHAR NOT NULL,
    value DOUBLE NOT NULL,
    simulated BOOLEAN NOT NULL
);
COMMENT ON TABLE recorded_values IS 'Numbers that runs measured beside latency.';
COMMENT ON COLUMN recorded_values.run_id IS 'The run it belongs to.';
COMMENT ON COLUMN recorded_values.integration IS 'Integration name.';
COMMENT ON COLUMN recorded_values.workflow IS 'Workflow name.';
COMMENT ON COLUMN recorded_values.region IS 'Region of the prober.';
COMMENT ON COLUMN recorded_values.started_at IS 'Start of the run.';
COMMENT ON COLUMN recorded_values.name IS 'Name of the value; a name that ends in _ms is milliseconds.';
COMMENT ON COLUMN recorded_values.value IS 'The number, in the unit of its name.';
COMMENT ON COLUMN recorded_values.simulated IS 'True for generated history, which no prober measured.';

CREATE TABLE evidence (
    evidence_id VARCHAR NOT NULL,
    run_id UUID NOT NULL,
    integration VARCHAR NOT NULL,
    position SMALLINT NOT NULL,
    step VARCHAR NOT NULL,
    attempt SMALLINT NOT NULL,
    stored_at TIMESTAMPTZ NOT NULL,
    method VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    request_headers JSON NOT NULL,
    request_body VARCHAR,
    status SMALLINT,
    response_headers JSON NOT NULL,
    response_body VARCHAR,
    vendor_request_ids JSON NOT NULL
);
COMMENT ON TABLE evidence IS 'What was sent and what came back at a failed attempt, redacted before it left the prober.';
COMMENT ON COLUMN evidence.evidence_id IS 'Identity, as shown on alerts.';
COMMENT ON COLUMN evidence.run_id IS 'The run it belongs to.';
COMMENT ON COLUMN evidence.integration IS 'Integration name.';
COMMENT ON COLUMN evidence.position IS 'Place of the step in the workflow, from 0.';
COMMENT ON COLUMN evidence.step IS 'Step name.';
COMMENT ON COLUMN evidence.attempt IS 'Attempt at the step.';
COMMENT ON COLUMN evidence.stored_at IS 'When the hub received it; decides when it expires.';
COMMENT ON COLUMN evidence.method IS 'HTTP method.';
COMMENT ON COLUMN evidence.url IS 'Redacted address.';
COMMENT ON COLUMN evidence.request_headers IS 'Redacted request headers.';
COMMENT ON COLUMN evidence.request_body IS 'Redacted request body, at most 8 KiB.';
COMMENT ON COLUMN evidence.status IS 'HTTP status; null without an answer.';
COMMENT ON COLUMN evidence.response_headers IS 'Redacted response headers.';
COMMENT ON COLUMN evidence.response_body IS 'Redacted response body, at most 8 KiB.';
COMMENT ON COLUMN evidence.vendor_request_ids IS 'The vendor''s own request ids by header.';
