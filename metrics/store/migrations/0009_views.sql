-- Views for people and BI tools; docs/store.md lists them. They stand on the views of the raw rows (runs, steps, …), which
-- the store writes anew whenever a day is sealed, so no column of theirs is a `*`.

CREATE VIEW v_runs AS
SELECT
    run_id,
    started_at,
    scheduled_at,
    received_at,
    integration,
    workflow,
    region,
    outcome,
    duration_ms,
    attempt,
    final,
    every_s,
    slice_at,
    failed_step,
    failure_kind,
    failure_message,
    failure_retryable,
    failure_retry_after_s,
    failed_status,
    failed_integration,
    evidence_id,
    slowest_total_ms,
    slowest_ttfb_ms,
    sync_lag_ms,
    loop_lag_ms,
    skip_reason,
    config_version,
    prober_id,
    number,
    simulated
FROM runs;
COMMENT ON VIEW v_runs IS 'Every run, sealed or not: one row per execution of a workflow; a confirmation run is a row of its own.';
COMMENT ON COLUMN v_runs.run_id IS 'Identity of the run.';
COMMENT ON COLUMN v_runs.started_at IS 'When its first step started.';
COMMENT ON COLUMN v_runs.scheduled_at IS 'When the schedule wanted it; decides its slice.';
COMMENT ON COLUMN v_runs.received_at IS 'When the hub received it.';
COMMENT ON COLUMN v_runs.integration IS 'Integration name.';
COMMENT ON COLUMN v_runs.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_runs.region IS 'Region of the prober.';
COMMENT ON COLUMN v_runs.outcome IS 'passed, unstable, failed, throttled, skipped or tainted.';
COMMENT ON COLUMN v_runs.duration_ms IS 'First step''s start to last non-cleanup step''s end, milliseconds.';
COMMENT ON COLUMN v_runs.attempt IS '1, or 2 and up for confirmation runs.';
COMMENT ON COLUMN v_runs.final IS 'True for the one run that decides its slice: the last attempt of those that say something about the vendor.';
COMMENT ON COLUMN v_runs.every_s IS 'Interval of the schedule that was in force, seconds; 60 when the prober did not say.';
COMMENT ON COLUMN v_runs.slice_at IS 'Start of its slice: scheduled_at rounded down to a whole number of intervals since the epoch.';
COMMENT ON COLUMN v_runs.failed_step IS 'Name of the step that decided the outcome.';
COMMENT ON COLUMN v_runs.failure_kind IS 'Kind of the failure that decided the outcome.';
COMMENT ON COLUMN v_runs.failure_message IS 'The failure for people, without secrets.';
COMMENT ON COLUMN v_runs.failure_retryable IS 'Whether trying again may help.';
COMMENT ON COLUMN v_runs.failure_retry_after_s IS 'How long the vendor asked to wait, seconds.';
COMMENT ON COLUMN v_runs.failed_status IS 'HTTP status of that step''s last attempt; null without an answer.';
COMMENT ON COLUMN v_runs.failed_integration IS 'The other integration that the deciding step was sent to; null when it was the run''s own.';
COMMENT ON COLUMN v_runs.evidence_id IS 'Evidence of that step, or else the first evidence of the run.';
COMMENT ON COLUMN v_runs.slowest_total_ms IS 'Largest total_ms of its good non-cleanup attempts, milliseconds; null when the loop was late.';
COMMENT ON COLUMN v_runs.slowest_ttfb_ms IS 'Largest ttfb_ms of its good non-cleanup attempts, milliseconds; null when the loop was late.';
COMMENT ON COLUMN v_runs.sync_lag_ms IS 'Its recorded value sync_lag_ms, milliseconds: write to visible; null when the loop was late.';
COMMENT ON COLUMN v_runs.loop_lag_ms IS 'Event-loop lag of the prober during the run, milliseconds.';
COMMENT ON COLUMN v_runs.skip_reason IS 'Why it was skipped.';
COMMENT ON COLUMN v_runs.config_version IS 'Configuration it ran under, content hash.';
COMMENT ON COLUMN v_runs.prober_id IS 'Prober that made it; simulation for generated history.';
COMMENT ON COLUMN v_runs.number IS 'Position in the prober''s outbox, without gaps; unique with prober_id.';
COMMENT ON COLUMN v_runs.simulated IS 'True for generated history, which no prober measured.';

CREATE VIEW v_steps AS
SELECT
    run_id,
    started_at,
    integration,
    workflow,
    region,
    position,
    step,
    attempt,
    cleanup,
    counted,
    timed,
    outcome,
    failure_kind,
    failure_message,
    failure_retryable,
    failure_retry_after_s,
    method,
    url,
    status,
    http_version,
    remote_address,
    response_bytes,
    tls_version,
    certificate_expires_at,
    dns_ms,
    connect_ms,
    tls_ms,
    send_ms,
    wait_ms,
    ttfb_ms,
    download_ms,
    total_ms,
    counted AND timed AND NOT cleanup AND outcome IN ('passed', 'unstable') AND total_ms IS NOT NULL AS measured,
    vendor_request_ids::VARCHAR AS vendor_request_ids,
    shape_id,
    simulated
FROM steps;
COMMENT ON VIEW v_steps IS 'Every attempt at a step, sealed or not, with its phases; what rates are shares of has counted = true.';
COMMENT ON COLUMN v_steps.run_id IS 'The run it belongs to.';
COMMENT ON COLUMN v_steps.started_at IS 'Start of the attempt.';
COMMENT ON COLUMN v_steps.integration IS 'Integration name.';
COMMENT ON COLUMN v_steps.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_steps.region IS 'Region of the prober.';
COMMENT ON COLUMN v_steps.position IS 'Place of the step in the workflow, from 0.';
COMMENT ON COLUMN v_steps.step IS 'Step name.';
COMMENT ON COLUMN v_steps.attempt IS '1, or 2 and up for retries.';
COMMENT ON COLUMN v_steps.cleanup IS 'A step that always runs; its latency counts nowhere.';
COMMENT ON COLUMN v_steps.counted IS 'A request that was really made, by a prober fit to measure: what rates are shares of.';
COMMENT ON COLUMN v_steps.timed IS 'Its timings are fit to be counted: the prober''s loop was on time.';
COMMENT ON COLUMN v_steps.outcome IS 'passed, unstable, failed, throttled, skipped or tainted.';
COMMENT ON COLUMN v_steps.failure_kind IS 'Kind of failure; null when good.';
COMMENT ON COLUMN v_steps.failure_message IS 'The failure for people, without secrets.';
COMMENT ON COLUMN v_steps.failure_retryable IS 'Whether trying again may help.';
COMMENT ON COLUMN v_steps.failure_retry_after_s IS 'How long the vendor asked to wait, seconds.';
COMMENT ON COLUMN v_steps.method IS 'HTTP method.';
COMMENT ON COLUMN v_steps.url IS 'Redacted address.';
COMMENT ON COLUMN v_steps.status IS 'HTTP status; null without an answer.';
COMMENT ON COLUMN v_steps.http_version IS 'HTTP version of the answer.';
COMMENT ON COLUMN v_steps.remote_address IS 'Address of the peer, host:port.';
COMMENT ON COLUMN v_steps.response_bytes IS 'Size of the body as received, bytes.';
COMMENT ON COLUMN v_steps.tls_version IS 'TLS version; null without TLS.';
COMMENT ON COLUMN v_steps.certificate_expires_at IS 'End of the server certificate''s validity.';
COMMENT ON COLUMN v_steps.dns_ms IS 'Name look-up, milliseconds; null on a reused connection.';
COMMENT ON COLUMN v_steps.connect_ms IS 'TCP connect, milliseconds; null on a reused connection.';
COMMENT ON COLUMN v_steps.tls_ms IS 'TLS handshake, milliseconds; null on a reused connection.';
COMMENT ON COLUMN v_steps.send_ms IS 'Writing the request, milliseconds.';
COMMENT ON COLUMN v_steps.wait_ms IS 'Request fully written to first byte of the answer, milliseconds.';
COMMENT ON COLUMN v_steps.ttfb_ms IS 'Start of the attempt to first byte, milliseconds.';
COMMENT ON COLUMN v_steps.download_ms IS 'First to last byte of the answer, milliseconds.';
COMMENT ON COLUMN v_steps.total_ms IS 'Start of the attempt to last byte, milliseconds.';
COMMENT ON COLUMN v_steps.measured IS 'Whether its latency counts in percentiles: good, no clean-up, prober on time.';
COMMENT ON COLUMN v_steps.vendor_request_ids IS 'The vendor''s own request ids by header; null when there were none; JSON object as text.';
COMMENT ON COLUMN v_steps.shape_id IS 'Shape of its JSON answer (table shapes); null where it was not looked at.';
COMMENT ON COLUMN v_steps.simulated IS 'True for generated history, which no prober measured.';

CREATE VIEW v_latency_5m AS
SELECT
    bucket_at,
    integration,
    workflow,
    step,
    region,
    n,
    simulated,
    round(total_sum / nullif(n, 0)::DOUBLE, 3) AS mean_ms,
    round(coalesce(total_min, total_max, total_sum), 3) AS min_ms,
    round(coalesce(total_p50, total_max, total_sum), 3) AS p50_ms,
    round(coalesce(total_p95, total_max, total_sum), 3) AS p95_ms,
    round(coalesce(total_p99, total_max, total_sum), 3) AS p99_ms,
    round(coalesce(total_max, total_sum), 3) AS max_ms,
    round(coalesce(ttfb_p50, ttfb_max, ttfb_sum), 3) AS ttfb_p50_ms,
    round(coalesce(ttfb_p95, ttfb_max, ttfb_sum), 3) AS ttfb_p95_ms,
    round(coalesce(ttfb_p99, ttfb_max, ttfb_sum), 3) AS ttfb_p99_ms,
    round(coalesce(wait_p50, wait_max, wait_sum), 3) AS wait_p50_ms,
    round(coalesce(wait_p95, wait_max, wait_sum), 3) AS wait_p95_ms,
    bucket_at IN (SELECT make_timestamptz(epoch_us(bucket_at) // 300000000 * 300000000) FROM dirty_buckets WHERE tier IN ('5m')) AS stale
FROM step_rollups_5m;
COMMENT ON VIEW v_latency_5m IS 'Latency of good attempts over five minutes, by step and region. Closed buckets only, once they have been rolled up; ask v_steps for what is newer or older.';
COMMENT ON COLUMN v_latency_5m.bucket_at IS 'Start of the bucket (UTC).';
COMMENT ON COLUMN v_latency_5m.integration IS 'Integration name.';
COMMENT ON COLUMN v_latency_5m.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_latency_5m.step IS 'Step name.';
COMMENT ON COLUMN v_latency_5m.region IS 'Region of the prober.';
COMMENT ON COLUMN v_latency_5m.n IS 'Good attempts whose latency counts (no clean-up, prober on time), count.';
COMMENT ON COLUMN v_latency_5m.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN v_latency_5m.mean_ms IS 'Mean of total_ms over those n, milliseconds.';
COMMENT ON COLUMN v_latency_5m.min_ms IS 'Smallest total_ms of those n, milliseconds.';
COMMENT ON COLUMN v_latency_5m.p50_ms IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_5m.p95_ms IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_5m.p99_ms IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_5m.max_ms IS 'Largest total_ms of those n, milliseconds.';
COMMENT ON COLUMN v_latency_5m.ttfb_p50_ms IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_5m.ttfb_p95_ms IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_5m.ttfb_p99_ms IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_5m.wait_p50_ms IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_5m.wait_p95_ms IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_5m.stale IS 'True while rows that came later wait to be counted in; ask v_steps or v_runs for that bucket meanwhile.';

CREATE VIEW v_latency_1h AS
SELECT
    bucket_at,
    integration,
    workflow,
    step,
    region,
    n,
    simulated,
    round(total_sum / nullif(n, 0)::DOUBLE, 3) AS mean_ms,
    round(coalesce(total_min, total_max, total_sum), 3) AS min_ms,
    round(coalesce(total_p50, total_max, total_sum), 3) AS p50_ms,
    round(coalesce(total_p95, total_max, total_sum), 3) AS p95_ms,
    round(coalesce(total_p99, total_max, total_sum), 3) AS p99_ms,
    round(coalesce(total_max, total_sum), 3) AS max_ms,
    round(coalesce(ttfb_p50, ttfb_max, ttfb_sum), 3) AS ttfb_p50_ms,
    round(coalesce(ttfb_p95, ttfb_max, ttfb_sum), 3) AS ttfb_p95_ms,
    round(coalesce(ttfb_p99, ttfb_max, ttfb_sum), 3) AS ttfb_p99_ms,
    round(coalesce(wait_p50, wait_max, wait_sum), 3) AS wait_p50_ms,
    round(coalesce(wait_p95, wait_max, wait_sum), 3) AS wait_p95_ms,
    bucket_at IN (SELECT make_timestamptz(epoch_us(bucket_at) // 3600000000 * 3600000000) FROM dirty_buckets WHERE tier IN ('5m', '1h')) AS stale
FROM step_rollups_1h;
COMMENT ON VIEW v_latency_1h IS 'Latency of good attempts over an hour, by step and region. Closed buckets only, once they have been rolled up; ask v_steps for what is newer or older.';
COMMENT ON COLUMN v_latency_1h.bucket_at IS 'Start of the bucket (UTC).';
COMMENT ON COLUMN v_latency_1h.integration IS 'Integration name.';
COMMENT ON COLUMN v_latency_1h.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_latency_1h.step IS 'Step name.';
COMMENT ON COLUMN v_latency_1h.region IS 'Region of the prober.';
COMMENT ON COLUMN v_latency_1h.n IS 'Good attempts whose latency counts (no clean-up, prober on time), count.';
COMMENT ON COLUMN v_latency_1h.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN v_latency_1h.mean_ms IS 'Mean of total_ms over those n, milliseconds.';
COMMENT ON COLUMN v_latency_1h.min_ms IS 'Smallest total_ms of those n, milliseconds.';
COMMENT ON COLUMN v_latency_1h.p50_ms IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1h.p95_ms IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1h.p99_ms IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1h.max_ms IS 'Largest total_ms of those n, milliseconds.';
COMMENT ON COLUMN v_latency_1h.ttfb_p50_ms IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1h.ttfb_p95_ms IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1h.ttfb_p99_ms IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1h.wait_p50_ms IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1h.wait_p95_ms IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1h.stale IS 'True while rows that came later wait to be counted in; ask v_steps or v_runs for that bucket meanwhile.';

CREATE VIEW v_latency_1d AS
SELECT
    bucket_at,
    integration,
    workflow,
    step,
    region,
    n,
    simulated,
    round(total_sum / nullif(n, 0)::DOUBLE, 3) AS mean_ms,
    round(coalesce(total_min, total_max, total_sum), 3) AS min_ms,
    round(coalesce(total_p50, total_max, total_sum), 3) AS p50_ms,
    round(coalesce(total_p95, total_max, total_sum), 3) AS p95_ms,
    round(coalesce(total_p99, total_max, total_sum), 3) AS p99_ms,
    round(coalesce(total_max, total_sum), 3) AS max_ms,
    round(coalesce(ttfb_p50, ttfb_max, ttfb_sum), 3) AS ttfb_p50_ms,
    round(coalesce(ttfb_p95, ttfb_max, ttfb_sum), 3) AS ttfb_p95_ms,
    round(coalesce(ttfb_p99, ttfb_max, ttfb_sum), 3) AS ttfb_p99_ms,
    round(coalesce(wait_p50, wait_max, wait_sum), 3) AS wait_p50_ms,
    round(coalesce(wait_p95, wait_max, wait_sum), 3) AS wait_p95_ms,
    bucket_at IN (SELECT make_timestamptz(epoch_us(bucket_at) // 86400000000 * 86400000000) FROM dirty_buckets WHERE tier IN ('5m', '1h', '1d')) AS stale
FROM step_rollups_1d;
COMMENT ON VIEW v_latency_1d IS 'Latency of good attempts over a day (UTC), by step and region. Closed buckets only, once they have been rolled up; ask v_steps for what is newer or older.';
COMMENT ON COLUMN v_latency_1d.bucket_at IS 'Start of the bucket (UTC).';
COMMENT ON COLUMN v_latency_1d.integration IS 'Integration name.';
COMMENT ON COLUMN v_latency_1d.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_latency_1d.step IS 'Step name.';
COMMENT ON COLUMN v_latency_1d.region IS 'Region of the prober.';
COMMENT ON COLUMN v_latency_1d.n IS 'Good attempts whose latency counts (no clean-up, prober on time), count.';
COMMENT ON COLUMN v_latency_1d.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN v_latency_1d.mean_ms IS 'Mean of total_ms over those n, milliseconds.';
COMMENT ON COLUMN v_latency_1d.min_ms IS 'Smallest total_ms of those n, milliseconds.';
COMMENT ON COLUMN v_latency_1d.p50_ms IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1d.p95_ms IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1d.p99_ms IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1d.max_ms IS 'Largest total_ms of those n, milliseconds.';
COMMENT ON COLUMN v_latency_1d.ttfb_p50_ms IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1d.ttfb_p95_ms IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1d.ttfb_p99_ms IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1d.wait_p50_ms IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1d.wait_p95_ms IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds.';
COMMENT ON COLUMN v_latency_1d.stale IS 'True while rows that came later wait to be counted in; ask v_steps or v_runs for that bucket meanwhile.';

CREATE VIEW v_errors_1h AS
SELECT
    bucket_at,
    integration,
    workflow,
    step,
    region,
    requests,
    simulated,
    passed,
    unstable,
    failed,
    kind_auth + kind_status_4xx AS client_errors,
    kind_status_5xx AS server_errors,
    kind_throttled AS throttled,
    kind_connect + kind_deadline + kind_dns + kind_protocol + kind_timeout + kind_tls AS network,
    kind_assertion + kind_body + kind_capture + kind_schema + kind_vendor_error AS correctness,
    kind_internal + kind_proxy AS ours,
    status_2xx,
    status_3xx,
    status_4xx,
    status_5xx,
    failed / nullif(requests, 0) AS failed_share,
    bucket_at IN (SELECT make_timestamptz(epoch_us(bucket_at) // 3600000000 * 3600000000) FROM dirty_buckets WHERE tier IN ('5m', '1h')) AS stale
FROM step_rollups_1h;
COMMENT ON VIEW v_errors_1h IS 'Requests and how they ended over an hour, by step and region. Closed buckets only, once they have been rolled up; ask v_steps for what is newer or older.';
COMMENT ON COLUMN v_errors_1h.bucket_at IS 'Start of the bucket (UTC).';
COMMENT ON COLUMN v_errors_1h.integration IS 'Integration name.';
COMMENT ON COLUMN v_errors_1h.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_errors_1h.step IS 'Step name.';
COMMENT ON COLUMN v_errors_1h.region IS 'Region of the prober.';
COMMENT ON COLUMN v_errors_1h.requests IS 'Requests that were really made, count; what the others are shares of.';
COMMENT ON COLUMN v_errors_1h.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN v_errors_1h.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN v_errors_1h.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN v_errors_1h.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN v_errors_1h.client_errors IS 'Requests that failed by a 4xx or authentication, count.';
COMMENT ON COLUMN v_errors_1h.server_errors IS 'Requests that failed by a 5xx, count.';
COMMENT ON COLUMN v_errors_1h.throttled IS 'Requests that failed by the vendor throttling us, count.';
COMMENT ON COLUMN v_errors_1h.network IS 'Requests that failed by the network: name, connection, TLS, protocol or time, count.';
COMMENT ON COLUMN v_errors_1h.correctness IS 'Requests that failed by an answer that is not right: body, schema, assertion, capture or an error inside a good status, count.';
COMMENT ON COLUMN v_errors_1h.ours IS 'Requests that failed by a fault of our own, count.';
COMMENT ON COLUMN v_errors_1h.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN v_errors_1h.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN v_errors_1h.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN v_errors_1h.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN v_errors_1h.failed_share IS 'failed ÷ requests, 0…1; null without requests.';
COMMENT ON COLUMN v_errors_1h.stale IS 'True while rows that came later wait to be counted in; ask v_steps or v_runs for that bucket meanwhile.';

CREATE VIEW v_errors_1d AS
SELECT
    bucket_at,
    integration,
    workflow,
    step,
    region,
    requests,
    simulated,
    passed,
    unstable,
    failed,
    kind_auth + kind_status_4xx AS client_errors,
    kind_status_5xx AS server_errors,
    kind_throttled AS throttled,
    kind_connect + kind_deadline + kind_dns + kind_protocol + kind_timeout + kind_tls AS network,
    kind_assertion + kind_body + kind_capture + kind_schema + kind_vendor_error AS correctness,
    kind_internal + kind_proxy AS ours,
    status_2xx,
    status_3xx,
    status_4xx,
    status_5xx,
    failed / nullif(requests, 0) AS failed_share,
    bucket_at IN (SELECT make_timestamptz(epoch_us(bucket_at) // 86400000000 * 86400000000) FROM dirty_buckets WHERE tier IN ('5m', '1h', '1d')) AS stale
FROM step_rollups_1d;
COMMENT ON VIEW v_errors_1d IS 'Requests and how they ended over a day (UTC), by step and region. Closed buckets only, once they have been rolled up; ask v_steps for what is newer or older.';
COMMENT ON COLUMN v_errors_1d.bucket_at IS 'Start of the bucket (UTC).';
COMMENT ON COLUMN v_errors_1d.integration IS 'Integration name.';
COMMENT ON COLUMN v_errors_1d.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_errors_1d.step IS 'Step name.';
COMMENT ON COLUMN v_errors_1d.region IS 'Region of the prober.';
COMMENT ON COLUMN v_errors_1d.requests IS 'Requests that were really made, count; what the others are shares of.';
COMMENT ON COLUMN v_errors_1d.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN v_errors_1d.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN v_errors_1d.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN v_errors_1d.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN v_errors_1d.client_errors IS 'Requests that failed by a 4xx or authentication, count.';
COMMENT ON COLUMN v_errors_1d.server_errors IS 'Requests that failed by a 5xx, count.';
COMMENT ON COLUMN v_errors_1d.throttled IS 'Requests that failed by the vendor throttling us, count.';
COMMENT ON COLUMN v_errors_1d.network IS 'Requests that failed by the network: name, connection, TLS, protocol or time, count.';
COMMENT ON COLUMN v_errors_1d.correctness IS 'Requests that failed by an answer that is not right: body, schema, assertion, capture or an error inside a good status, count.';
COMMENT ON COLUMN v_errors_1d.ours IS 'Requests that failed by a fault of our own, count.';
COMMENT ON COLUMN v_errors_1d.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN v_errors_1d.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN v_errors_1d.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN v_errors_1d.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN v_errors_1d.failed_share IS 'failed ÷ requests, 0…1; null without requests.';
COMMENT ON COLUMN v_errors_1d.stale IS 'True while rows that came later wait to be counted in; ask v_steps or v_runs for that bucket meanwhile.';

CREATE VIEW v_availability_1h AS
SELECT
    bucket_at,
    integration,
    workflow,
    region,
    coalesce(sum(n) FILTER (outcome <> 'throttled' AND NOT elsewhere AND outcome IN ('passed', 'unstable')), 0)::BIGINT AS good,
    coalesce(sum(n) FILTER (outcome <> 'throttled' AND NOT elsewhere AND NOT outcome IN ('passed', 'unstable')), 0)::BIGINT AS bad,
    coalesce(sum(n) FILTER (outcome = 'throttled' AND NOT elsewhere), 0)::BIGINT AS throttled,
    coalesce(sum(n) FILTER (elsewhere), 0)::BIGINT AS elsewhere,
    coalesce(sum(n * every_s) FILTER (outcome <> 'throttled' AND NOT elsewhere AND outcome IN ('passed', 'unstable')), 0) AS good_s,
    coalesce(sum(n * every_s) FILTER (outcome <> 'throttled' AND NOT elsewhere AND NOT outcome IN ('passed', 'unstable')), 0) AS bad_s,
    coalesce(sum(n * every_s) FILTER (outcome <> 'throttled' AND NOT elsewhere AND outcome IN ('passed', 'unstable')), 0) / sum(n * every_s) FILTER (outcome <> 'throttled' AND NOT elsewhere) AS availability,
    coalesce(sum(n) FILTER (simulated), 0)::BIGINT AS simulated,
    bucket_at IN (SELECT make_timestamptz(epoch_us(bucket_at) // 3600000000 * 3600000000) FROM dirty_buckets WHERE tier IN ('5m', '1h')) AS stale
FROM run_rollups_1h
GROUP BY bucket_at, integration, workflow, region;
COMMENT ON VIEW v_availability_1h IS 'Slices of the schedule over an hour and how they were decided, by workflow and region. Closed buckets only, once they have been rolled up; ask v_runs (final = true) for what is newer or older.';
COMMENT ON COLUMN v_availability_1h.bucket_at IS 'Start of the bucket (UTC).';
COMMENT ON COLUMN v_availability_1h.integration IS 'Integration name.';
COMMENT ON COLUMN v_availability_1h.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_availability_1h.region IS 'Region of the prober.';
COMMENT ON COLUMN v_availability_1h.good IS 'Slices of the schedule that were good for availability, count.';
COMMENT ON COLUMN v_availability_1h.bad IS 'Slices that were bad for availability, count.';
COMMENT ON COLUMN v_availability_1h.throttled IS 'Slices in which the vendor throttled us, neither good nor bad, count.';
COMMENT ON COLUMN v_availability_1h.elsewhere IS 'Slices decided by a failure at another integration, neither good nor bad, count.';
COMMENT ON COLUMN v_availability_1h.good_s IS 'Length of the good slices, seconds.';
COMMENT ON COLUMN v_availability_1h.bad_s IS 'Length of the bad slices, seconds.';
COMMENT ON COLUMN v_availability_1h.availability IS 'good_s ÷ (good_s + bad_s), 0…1; null when nothing was measured.';
COMMENT ON COLUMN v_availability_1h.simulated IS 'Slices of generated history among them, count.';
COMMENT ON COLUMN v_availability_1h.stale IS 'True while rows that came later wait to be counted in; ask v_steps or v_runs for that bucket meanwhile.';

CREATE VIEW v_availability_1d AS
SELECT
    bucket_at,
    integration,
    workflow,
    region,
    coalesce(sum(n) FILTER (outcome <> 'throttled' AND NOT elsewhere AND outcome IN ('passed', 'unstable')), 0)::BIGINT AS good,
    coalesce(sum(n) FILTER (outcome <> 'throttled' AND NOT elsewhere AND NOT outcome IN ('passed', 'unstable')), 0)::BIGINT AS bad,
    coalesce(sum(n) FILTER (outcome = 'throttled' AND NOT elsewhere), 0)::BIGINT AS throttled,
    coalesce(sum(n) FILTER (elsewhere), 0)::BIGINT AS elsewhere,
    coalesce(sum(n * every_s) FILTER (outcome <> 'throttled' AND NOT elsewhere AND outcome IN ('passed', 'unstable')), 0) AS good_s,
    coalesce(sum(n * every_s) FILTER (outcome <> 'throttled' AND NOT elsewhere AND NOT outcome IN ('passed', 'unstable')), 0) AS bad_s,
    coalesce(sum(n * every_s) FILTER (outcome <> 'throttled' AND NOT elsewhere AND outcome IN ('passed', 'unstable')), 0) / sum(n * every_s) FILTER (outcome <> 'throttled' AND NOT elsewhere) AS availability,
    coalesce(sum(n) FILTER (simulated), 0)::BIGINT AS simulated,
    bucket_at IN (SELECT make_timestamptz(epoch_us(bucket_at) // 86400000000 * 86400000000) FROM dirty_buckets WHERE tier IN ('5m', '1h', '1d')) AS stale
FROM run_rollups_1d
GROUP BY bucket_at, integration, workflow, region;
COMMENT ON VIEW v_availability_1d IS 'Slices of the schedule over a day (UTC) and how they were decided, by workflow and region. Closed buckets only, once they have been rolled up; ask v_runs (final = true) for what is newer or older.';
COMMENT ON COLUMN v_availability_1d.bucket_at IS 'Start of the bucket (UTC).';
COMMENT ON COLUMN v_availability_1d.integration IS 'Integration name.';
COMMENT ON COLUMN v_availability_1d.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_availability_1d.region IS 'Region of the prober.';
COMMENT ON COLUMN v_availability_1d.good IS 'Slices of the schedule that were good for availability, count.';
COMMENT ON COLUMN v_availability_1d.bad IS 'Slices that were bad for availability, count.';
COMMENT ON COLUMN v_availability_1d.throttled IS 'Slices in which the vendor throttled us, neither good nor bad, count.';
COMMENT ON COLUMN v_availability_1d.elsewhere IS 'Slices decided by a failure at another integration, neither good nor bad, count.';
COMMENT ON COLUMN v_availability_1d.good_s IS 'Length of the good slices, seconds.';
COMMENT ON COLUMN v_availability_1d.bad_s IS 'Length of the bad slices, seconds.';
COMMENT ON COLUMN v_availability_1d.availability IS 'good_s ÷ (good_s + bad_s), 0…1; null when nothing was measured.';
COMMENT ON COLUMN v_availability_1d.simulated IS 'Slices of generated history among them, count.';
COMMENT ON COLUMN v_availability_1d.stale IS 'True while rows that came later wait to be counted in; ask v_steps or v_runs for that bucket meanwhile.';

CREATE VIEW v_quota AS
SELECT
    run_id,
    observed_at,
    integration,
    region,
    vendor,
    credential,
    bucket,
    unit,
    source,
    limit_value,
    used,
    remaining,
    CASE WHEN coalesce(limit_value, CASE WHEN unit = 'percent' THEN 100.0 END) > 0 AND coalesce(remaining, used) IS NOT NULL
        THEN least(1.0, greatest(0.0, coalesce(remaining, coalesce(limit_value, 100.0) - used) / coalesce(limit_value, 100.0))) END AS left_share,
    window_s,
    window_kind,
    timezone,
    reset_at,
    restore_rate,
    simulated
FROM quota_readings;
COMMENT ON VIEW v_quota IS 'Every reading of a vendor''s quota bucket, sealed or not.';
COMMENT ON COLUMN v_quota.run_id IS 'The run it was read in.';
COMMENT ON COLUMN v_quota.observed_at IS 'When the vendor said so.';
COMMENT ON COLUMN v_quota.integration IS 'Integration name.';
COMMENT ON COLUMN v_quota.region IS 'Region of the prober.';
COMMENT ON COLUMN v_quota.vendor IS 'Vendor preset.';
COMMENT ON COLUMN v_quota.credential IS 'Name of the credential, never the credential.';
COMMENT ON COLUMN v_quota.bucket IS 'Name of the bucket.';
COMMENT ON COLUMN v_quota.unit IS 'What limit, used and remaining count: requests, points, tokens, credits, percent, concurrency, bytes.';
COMMENT ON COLUMN v_quota.source IS 'header, body, usage_endpoint or declared.';
COMMENT ON COLUMN v_quota.limit_value IS 'Size of the bucket, in unit; null when not reported.';
COMMENT ON COLUMN v_quota.used IS 'Used, in unit; null when not reported.';
COMMENT ON COLUMN v_quota.remaining IS 'Left, in unit; null when not reported.';
COMMENT ON COLUMN v_quota.left_share IS 'Share of the bucket that is left, 0…1; null when the vendor did not say enough.';
COMMENT ON COLUMN v_quota.window_s IS 'Length of the bucket''s window, seconds.';
COMMENT ON COLUMN v_quota.window_kind IS 'fixed, rolling, leaky, clock or calendar.';
COMMENT ON COLUMN v_quota.timezone IS 'Time zone of a calendar window''s reset, IANA name.';
COMMENT ON COLUMN v_quota.reset_at IS 'When the bucket is full again.';
COMMENT ON COLUMN v_quota.restore_rate IS 'What a leaky bucket regains, unit per second.';
COMMENT ON COLUMN v_quota.simulated IS 'True for generated history, which no prober measured.';

CREATE VIEW v_recorded AS
SELECT
    run_id,
    started_at,
    integration,
    workflow,
    region,
    name,
    value,
    simulated
FROM recorded_values;
COMMENT ON VIEW v_recorded IS 'Every number that runs recorded beside latency, sealed or not.';
COMMENT ON COLUMN v_recorded.run_id IS 'The run it belongs to.';
COMMENT ON COLUMN v_recorded.started_at IS 'Start of the run.';
COMMENT ON COLUMN v_recorded.integration IS 'Integration name.';
COMMENT ON COLUMN v_recorded.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_recorded.region IS 'Region of the prober.';
COMMENT ON COLUMN v_recorded.name IS 'Name of the value; a name that ends in _ms is milliseconds.';
COMMENT ON COLUMN v_recorded.value IS 'The number, in the unit of its name.';
COMMENT ON COLUMN v_recorded.simulated IS 'True for generated history, which no prober measured.';

CREATE VIEW v_incidents AS
SELECT
    incident_id,
    subject,
    tier,
    state,
    title,
    opened_at,
    acknowledged_at,
    acknowledged_by,
    resolved_at,
    epoch_us(acknowledged_at - opened_at) / 1e6 AS to_acknowledge_s,
    epoch_us(resolved_at - opened_at) / 1e6 AS duration_s,
    reopened,
    owner,
    runbook,
    flows,
    array_to_string(json_extract_string(conditions::JSON, '$[*].rule'), ', ') AS rules,
    array_to_string(list_distinct(json_extract_string(conditions::JSON, '$[*].blame')), ', ') AS blames
FROM incidents;
COMMENT ON VIEW v_incidents IS 'One row per outage of one subject.';
COMMENT ON COLUMN v_incidents.incident_id IS 'Identity; the second it opened and its subject, readable.';
COMMENT ON COLUMN v_incidents.subject IS 'Integration name, region:NAME, prober:ID or channel:NAME.';
COMMENT ON COLUMN v_incidents.tier IS 'Loudest tier reached since it last opened: urgent or degraded.';
COMMENT ON COLUMN v_incidents.state IS 'open, acknowledged or resolved.';
COMMENT ON COLUMN v_incidents.title IS 'What it is called, after its worst condition.';
COMMENT ON COLUMN v_incidents.opened_at IS 'When it first opened.';
COMMENT ON COLUMN v_incidents.acknowledged_at IS 'When somebody took it; null when nobody did.';
COMMENT ON COLUMN v_incidents.acknowledged_by IS 'Who took it.';
COMMENT ON COLUMN v_incidents.resolved_at IS 'When no condition held any more; null while it lasts.';
COMMENT ON COLUMN v_incidents.to_acknowledge_s IS 'From opening to the first acknowledgement, seconds; null when nobody took it.';
COMMENT ON COLUMN v_incidents.duration_s IS 'From opening to the end, seconds; null while it lasts.';
COMMENT ON COLUMN v_incidents.reopened IS 'How often it came back within the flap window, count.';
COMMENT ON COLUMN v_incidents.owner IS 'Team that owns the integration.';
COMMENT ON COLUMN v_incidents.runbook IS 'Address of the runbook.';
COMMENT ON COLUMN v_incidents.flows IS 'Business flows that break with it, JSON list of names.';
COMMENT ON COLUMN v_incidents.rules IS 'Rules that hold (after the end: that held last), comma-separated, worst first.';
COMMENT ON COLUMN v_incidents.blames IS 'Whom they blame, comma-separated: ours, network, credential, quota, vendor, vendor_change or prober.';

CREATE VIEW v_incident_events AS
SELECT
    event_id,
    incident_id,
    happened_at,
    kind,
    note,
    who
FROM incident_events;
COMMENT ON VIEW v_incident_events IS 'Timeline of every incident.';
COMMENT ON COLUMN v_incident_events.event_id IS 'Order of writing.';
COMMENT ON COLUMN v_incident_events.incident_id IS 'The incident.';
COMMENT ON COLUMN v_incident_events.happened_at IS 'When it happened.';
COMMENT ON COLUMN v_incident_events.kind IS 'opened, reopened, escalated, updated, resolved, acknowledged, comment or undelivered.';
COMMENT ON COLUMN v_incident_events.note IS 'What happened, for people.';
COMMENT ON COLUMN v_incident_events.who IS 'Who did it; empty for Leadline itself.';

CREATE VIEW v_notifications AS
SELECT
    notification_id,
    incident_id,
    channel,
    tier,
    action,
    created_at,
    state,
    due_at,
    attempts,
    settled_at,
    epoch_us(settled_at - created_at) / 1e6 AS settled_after_s,
    budget_left,
    fallbacks
FROM outbox;
COMMENT ON VIEW v_notifications IS 'Every message about an incident and what became of it, without its text.';
COMMENT ON COLUMN v_notifications.notification_id IS 'Identity and order of writing.';
COMMENT ON COLUMN v_notifications.incident_id IS 'The incident it tells of.';
COMMENT ON COLUMN v_notifications.channel IS 'Channel to send it through.';
COMMENT ON COLUMN v_notifications.tier IS 'Tier of the route that chose the channel: urgent, degraded or report.';
COMMENT ON COLUMN v_notifications.action IS 'trigger, update, acknowledge or resolve.';
COMMENT ON COLUMN v_notifications.created_at IS 'When it was decided.';
COMMENT ON COLUMN v_notifications.state IS 'due, claimed, sent, dead (given up) or superseded (overtaken by a newer message).';
COMMENT ON COLUMN v_notifications.due_at IS 'Not before this instant.';
COMMENT ON COLUMN v_notifications.attempts IS 'Attempts so far, count.';
COMMENT ON COLUMN v_notifications.settled_at IS 'When it was sent, given up or superseded.';
COMMENT ON COLUMN v_notifications.settled_after_s IS 'From the decision to sent, given up or superseded, seconds; null while it waits.';
COMMENT ON COLUMN v_notifications.budget_left IS 'Share of the availability budget left then, 0…1 or negative; null when unknown.';
COMMENT ON COLUMN v_notifications.fallbacks IS 'Channels to try when this one refuses for good, in order, JSON list of names.';

CREATE VIEW v_deliveries AS
SELECT
    notification_id,
    channel,
    attempt,
    attempted_at,
    duration_ms,
    ok,
    permanent,
    status,
    answer
FROM delivery_attempts;
COMMENT ON VIEW v_deliveries IS 'Every try at telling somebody.';
COMMENT ON COLUMN v_deliveries.notification_id IS 'The message.';
COMMENT ON COLUMN v_deliveries.channel IS 'The channel.';
COMMENT ON COLUMN v_deliveries.attempt IS 'Number of the try, from 1.';
COMMENT ON COLUMN v_deliveries.attempted_at IS 'When it started.';
COMMENT ON COLUMN v_deliveries.duration_ms IS 'How long it took, milliseconds.';
COMMENT ON COLUMN v_deliveries.ok IS 'Whether the channel accepted it.';
COMMENT ON COLUMN v_deliveries.permanent IS 'Whether it was given up after this try.';
COMMENT ON COLUMN v_deliveries.status IS 'HTTP or SMTP status; null when there was no answer.';
COMMENT ON COLUMN v_deliveries.answer IS 'The answer or the error, short and without secrets.';

CREATE VIEW v_probers AS
SELECT
    prober_id,
    region,
    last_seen,
    started_at,
    sent_at,
    version,
    loop_lag_ms,
    outbox_depth,
    cursor,
    config_version,
    runs_missed,
    previous_stop,
    problem,
    circuits,
    leftovers
FROM probers;
COMMENT ON VIEW v_probers IS 'Every prober that has ever reported, as it said last.';
COMMENT ON COLUMN v_probers.prober_id IS 'Identity of one prober outbox; a new outbox is a new prober.';
COMMENT ON COLUMN v_probers.region IS 'Region it probes from.';
COMMENT ON COLUMN v_probers.last_seen IS 'Arrival of the last heartbeat; null before the first.';
COMMENT ON COLUMN v_probers.started_at IS 'Start of the prober process (its own clock).';
COMMENT ON COLUMN v_probers.sent_at IS 'When the last heartbeat was sent (its own clock).';
COMMENT ON COLUMN v_probers.version IS 'Leadline version of the prober.';
COMMENT ON COLUMN v_probers.loop_lag_ms IS 'Event-loop lag of the prober, milliseconds.';
COMMENT ON COLUMN v_probers.outbox_depth IS 'Runs waiting in its outbox, count.';
COMMENT ON COLUMN v_probers.cursor IS 'Highest run number stored; nothing up to it needs to be sent again.';
COMMENT ON COLUMN v_probers.config_version IS 'Configuration it works under, content hash.';
COMMENT ON COLUMN v_probers.runs_missed IS 'Runs it could not start in time since its start, count.';
COMMENT ON COLUMN v_probers.previous_stop IS 'How its last life ended: clean, unclean or first.';
COMMENT ON COLUMN v_probers.problem IS 'Why it cannot probe; null when it can.';
COMMENT ON COLUMN v_probers.circuits IS 'Integrations that it has stopped asking but for one run at a time, JSON list; null when it did not say.';
COMMENT ON COLUMN v_probers.leftovers IS 'What failed clean-ups left at the vendors, counted by workflow, JSON list; null when it did not say.';

CREATE VIEW v_evidence AS
SELECT
    evidence_id,
    run_id,
    integration,
    position,
    step,
    attempt,
    stored_at,
    method,
    url,
    status,
    coalesce(strlen(request_body), 0) AS request_bytes,
    coalesce(strlen(response_body), 0) AS response_bytes
FROM evidence;
COMMENT ON VIEW v_evidence IS 'Which evidence of failed attempts is kept; what was sent and what came back is shown by the dashboard only.';
COMMENT ON COLUMN v_evidence.evidence_id IS 'Identity, as shown on alerts.';
COMMENT ON COLUMN v_evidence.run_id IS 'The run it belongs to.';
COMMENT ON COLUMN v_evidence.integration IS 'Integration name.';
COMMENT ON COLUMN v_evidence.position IS 'Place of the step in the workflow, from 0.';
COMMENT ON COLUMN v_evidence.step IS 'Step name.';
COMMENT ON COLUMN v_evidence.attempt IS 'Attempt at the step.';
COMMENT ON COLUMN v_evidence.stored_at IS 'When the hub received it; decides when it expires.';
COMMENT ON COLUMN v_evidence.method IS 'HTTP method.';
COMMENT ON COLUMN v_evidence.url IS 'Redacted address.';
COMMENT ON COLUMN v_evidence.status IS 'HTTP status; null without an answer.';
COMMENT ON COLUMN v_evidence.request_bytes IS 'Size of the redacted request body as kept, bytes.';
COMMENT ON COLUMN v_evidence.response_bytes IS 'Size of the redacted answer as kept, bytes.';

CREATE VIEW v_credentials AS
SELECT
    integration,
    region,
    credential,
    kind,
    told_at,
    rotated_on,
    rotate_due_at,
    enrolled,
    enrolled_at,
    access_expires_at,
    refresh_obtained_at,
    refresh_expires_at,
    extended_by_use,
    certificate_expires_at,
    refused_at,
    last_ok_at,
    failed_at,
    failure
FROM credentials;
COMMENT ON VIEW v_credentials IS 'How old each credential is on each prober''s machine; no secret and no account.';
COMMENT ON COLUMN v_credentials.integration IS 'Integration name.';
COMMENT ON COLUMN v_credentials.region IS 'Region of the prober that uses it.';
COMMENT ON COLUMN v_credentials.credential IS 'Label of the credential, never the credential.';
COMMENT ON COLUMN v_credentials.kind IS 'Auth method.';
COMMENT ON COLUMN v_credentials.told_at IS 'When the prober told it.';
COMMENT ON COLUMN v_credentials.rotated_on IS 'Day of its last rotation, as declared.';
COMMENT ON COLUMN v_credentials.rotate_due_at IS 'When rotate_every is over; null where none is declared.';
COMMENT ON COLUMN v_credentials.enrolled IS 'Whether a person has consented on that machine; null where nobody has to.';
COMMENT ON COLUMN v_credentials.enrolled_at IS 'When a person consented.';
COMMENT ON COLUMN v_credentials.access_expires_at IS 'End of the access token in use.';
COMMENT ON COLUMN v_credentials.refresh_obtained_at IS 'When the vendor last gave or confirmed the refresh token.';
COMMENT ON COLUMN v_credentials.refresh_expires_at IS 'End of the refresh token; null where the vendor does not say.';
COMMENT ON COLUMN v_credentials.extended_by_use IS 'Each use moves the end of the refresh token on.';
COMMENT ON COLUMN v_credentials.certificate_expires_at IS 'End of our own client certificate.';
COMMENT ON COLUMN v_credentials.refused_at IS 'Since when the vendor takes the consent no more; null while it does.';
COMMENT ON COLUMN v_credentials.last_ok_at IS 'Latest step that the vendor let in.';
COMMENT ON COLUMN v_credentials.failed_at IS 'When the vendor, or the way to a token, last turned it down.';
COMMENT ON COLUMN v_credentials.failure IS 'Why, for people, without a secret.';

CREATE VIEW v_certificates AS
SELECT
    integration,
    region,
    host,
    expires_at,
    since,
    seen_at,
    life_s
FROM certificates;
COMMENT ON VIEW v_certificates IS 'The certificate that each host showed to each region last.';
COMMENT ON COLUMN v_certificates.integration IS 'Integration whose steps reached the host.';
COMMENT ON COLUMN v_certificates.region IS 'Region that saw it.';
COMMENT ON COLUMN v_certificates.host IS 'Host, with its port where that is not 443.';
COMMENT ON COLUMN v_certificates.expires_at IS 'End of its validity.';
COMMENT ON COLUMN v_certificates.since IS 'When this end was first seen.';
COMMENT ON COLUMN v_certificates.seen_at IS 'When a step saw it last.';
COMMENT ON COLUMN v_certificates.life_s IS 'How long it had to live when it replaced another, seconds; null where no renewal was seen.';

CREATE VIEW v_vendor_signals AS
SELECT
    integration,
    workflow,
    step,
    kind,
    source,
    api,
    what,
    ends_at,
    link,
    region,
    run_id,
    first_seen,
    last_seen
FROM change_signals;
COMMENT ON VIEW v_vendor_signals IS 'What vendors say in their answers of their API''s future.';
COMMENT ON COLUMN v_vendor_signals.integration IS 'Integration whose workflow it is.';
COMMENT ON COLUMN v_vendor_signals.workflow IS 'Workflow that it was said to.';
COMMENT ON COLUMN v_vendor_signals.step IS 'Step that it was said to.';
COMMENT ON COLUMN v_vendor_signals.kind IS 'deprecation, sunset or fall_forward (another version answers than the one asked for).';
COMMENT ON COLUMN v_vendor_signals.source IS 'Response header that says so, in lower case.';
COMMENT ON COLUMN v_vendor_signals.api IS 'Integration whose API it is; another one where the step is sent there.';
COMMENT ON COLUMN v_vendor_signals.what IS 'The vendor''s words, or the versions; empty where there are none.';
COMMENT ON COLUMN v_vendor_signals.ends_at IS 'When it is deprecated or ends; null where the vendor names no date.';
COMMENT ON COLUMN v_vendor_signals.link IS 'What the vendor refers to for more.';
COMMENT ON COLUMN v_vendor_signals.region IS 'Region that heard it last.';
COMMENT ON COLUMN v_vendor_signals.run_id IS 'Run that heard it last.';
COMMENT ON COLUMN v_vendor_signals.first_seen IS 'Since when it is said with this date.';
COMMENT ON COLUMN v_vendor_signals.last_seen IS 'When it was last said; probers repeat what lasts every ten minutes.';

CREATE VIEW v_shape_changes AS
SELECT
    integration,
    workflow,
    step,
    path,
    change,
    was,
    now,
    since,
    learned,
    seen,
    failing,
    regions,
    found_at
FROM shape_findings;
COMMENT ON VIEW v_shape_changes IS 'Lasting changes in the shape of answers, as of the latest look.';
COMMENT ON COLUMN v_shape_changes.integration IS 'Integration name.';
COMMENT ON COLUMN v_shape_changes.workflow IS 'Workflow name.';
COMMENT ON COLUMN v_shape_changes.step IS 'Step name.';
COMMENT ON COLUMN v_shape_changes.path IS 'Normalised path.';
COMMENT ON COLUMN v_shape_changes.change IS 'new, removed, retyped or null (newly null).';
COMMENT ON COLUMN v_shape_changes.was IS 'Types before, joined by |; empty where the path was not there.';
COMMENT ON COLUMN v_shape_changes.now IS 'Types now, joined by |; empty where the path is gone.';
COMMENT ON COLUMN v_shape_changes.since IS 'First attempt that differed.';
COMMENT ON COLUMN v_shape_changes.learned IS 'Good attempts before it that what is usual was learned from, count.';
COMMENT ON COLUMN v_shape_changes.seen IS 'Attempts that differed, as far as they were looked at, count.';
COMMENT ON COLUMN v_shape_changes.failing IS 'Whether the latest attempts fail by what is in the answer.';
COMMENT ON COLUMN v_shape_changes.regions IS 'Regions that see it, comma-separated.';
COMMENT ON COLUMN v_shape_changes.found_at IS 'When the look was taken.';
