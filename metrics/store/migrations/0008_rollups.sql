-- Roll-ups: what the raw rows of five minutes, an hour and a day amount to. Buckets are aligned to the epoch (UTC) and
-- hold the attempts that started in them (run roll-ups: the slices that begin in them). A histogram's bucket i holds
-- g^(i-1) < x <= g^i milliseconds with g = 1.01 / 0.99 and stands for 2 g^i / (g + 1), within 1 % of all of it.

CREATE TABLE step_rollups_5m (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    simulated UINTEGER,
    requests UINTEGER,
    passed UINTEGER,
    unstable UINTEGER,
    failed UINTEGER,
    throttled UINTEGER,
    kind_dns UINTEGER,
    kind_connect UINTEGER,
    kind_proxy UINTEGER,
    kind_tls UINTEGER,
    kind_timeout UINTEGER,
    kind_protocol UINTEGER,
    kind_body UINTEGER,
    kind_status_4xx UINTEGER,
    kind_status_5xx UINTEGER,
    kind_auth UINTEGER,
    kind_throttled UINTEGER,
    kind_vendor_error UINTEGER,
    kind_schema UINTEGER,
    kind_assertion UINTEGER,
    kind_capture UINTEGER,
    kind_deadline UINTEGER,
    kind_internal UINTEGER,
    status_2xx UINTEGER,
    status_3xx UINTEGER,
    status_4xx UINTEGER,
    status_5xx UINTEGER,
    n UINTEGER,
    total_sum DOUBLE,
    total_min DOUBLE,
    total_max DOUBLE,
    total_p50 DOUBLE,
    total_p95 DOUBLE,
    total_p99 DOUBLE,
    total_histogram BLOB,
    ttfb_sum DOUBLE,
    ttfb_min DOUBLE,
    ttfb_max DOUBLE,
    ttfb_p50 DOUBLE,
    ttfb_p95 DOUBLE,
    ttfb_p99 DOUBLE,
    ttfb_histogram BLOB,
    wait_sum DOUBLE,
    wait_min DOUBLE,
    wait_max DOUBLE,
    wait_p50 DOUBLE,
    wait_p95 DOUBLE,
    wait_p99 DOUBLE
);
COMMENT ON TABLE step_rollups_5m IS 'Attempts at steps over five minutes, by step and region.';
COMMENT ON COLUMN step_rollups_5m.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN step_rollups_5m.integration IS 'Integration name.';
COMMENT ON COLUMN step_rollups_5m.workflow IS 'Workflow name.';
COMMENT ON COLUMN step_rollups_5m.step IS 'Step name.';
COMMENT ON COLUMN step_rollups_5m.region IS 'Region of the prober.';
COMMENT ON COLUMN step_rollups_5m.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN step_rollups_5m.requests IS 'Requests that were really made, count; what rates are shares of.';
COMMENT ON COLUMN step_rollups_5m.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN step_rollups_5m.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN step_rollups_5m.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN step_rollups_5m.throttled IS 'Requests that ended throttled, count.';
COMMENT ON COLUMN step_rollups_5m.kind_dns IS 'Requests that failed with kind dns, count.';
COMMENT ON COLUMN step_rollups_5m.kind_connect IS 'Requests that failed with kind connect, count.';
COMMENT ON COLUMN step_rollups_5m.kind_proxy IS 'Requests that failed with kind proxy, count.';
COMMENT ON COLUMN step_rollups_5m.kind_tls IS 'Requests that failed with kind tls, count.';
COMMENT ON COLUMN step_rollups_5m.kind_timeout IS 'Requests that failed with kind timeout, count.';
COMMENT ON COLUMN step_rollups_5m.kind_protocol IS 'Requests that failed with kind protocol, count.';
COMMENT ON COLUMN step_rollups_5m.kind_body IS 'Requests that failed with kind body, count.';
COMMENT ON COLUMN step_rollups_5m.kind_status_4xx IS 'Requests that failed with kind status_4xx, count.';
COMMENT ON COLUMN step_rollups_5m.kind_status_5xx IS 'Requests that failed with kind status_5xx, count.';
COMMENT ON COLUMN step_rollups_5m.kind_auth IS 'Requests that failed with kind auth, count.';
COMMENT ON COLUMN step_rollups_5m.kind_throttled IS 'Requests that failed with kind throttled, count.';
COMMENT ON COLUMN step_rollups_5m.kind_vendor_error IS 'Requests that failed with kind vendor_error, count.';
COMMENT ON COLUMN step_rollups_5m.kind_schema IS 'Requests that failed with kind schema, count.';
COMMENT ON COLUMN step_rollups_5m.kind_assertion IS 'Requests that failed with kind assertion, count.';
COMMENT ON COLUMN step_rollups_5m.kind_capture IS 'Requests that failed with kind capture, count.';
COMMENT ON COLUMN step_rollups_5m.kind_deadline IS 'Requests that failed with kind deadline, count.';
COMMENT ON COLUMN step_rollups_5m.kind_internal IS 'Requests that failed with kind internal, count.';
COMMENT ON COLUMN step_rollups_5m.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN step_rollups_5m.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN step_rollups_5m.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN step_rollups_5m.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN step_rollups_5m.n IS 'Good attempts whose latency counts: no clean-up, prober on time, count.';
COMMENT ON COLUMN step_rollups_5m.total_sum IS 'Sum total_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_5m.total_min IS 'Smallest total_ms of those n, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_5m.total_max IS 'Largest total_ms of those n, milliseconds; null where total_sum is the same.';
COMMENT ON COLUMN step_rollups_5m.total_p50 IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_5m.total_p95 IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_5m.total_p99 IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_5m.total_histogram IS 'Histogram of total_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN step_rollups_5m.ttfb_sum IS 'Sum ttfb_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_5m.ttfb_min IS 'Smallest ttfb_ms of those n, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_5m.ttfb_max IS 'Largest ttfb_ms of those n, milliseconds; null where ttfb_sum is the same.';
COMMENT ON COLUMN step_rollups_5m.ttfb_p50 IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_5m.ttfb_p95 IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_5m.ttfb_p99 IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_5m.ttfb_histogram IS 'Histogram of ttfb_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN step_rollups_5m.wait_sum IS 'Sum wait_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_5m.wait_min IS 'Smallest wait_ms of those n, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_5m.wait_max IS 'Largest wait_ms of those n, milliseconds; null where wait_sum is the same.';
COMMENT ON COLUMN step_rollups_5m.wait_p50 IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_5m.wait_p95 IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_5m.wait_p99 IS 'P99 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';

CREATE TABLE step_rollups_1h (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    simulated UINTEGER,
    requests UINTEGER,
    passed UINTEGER,
    unstable UINTEGER,
    failed UINTEGER,
    throttled UINTEGER,
    kind_dns UINTEGER,
    kind_connect UINTEGER,
    kind_proxy UINTEGER,
    kind_tls UINTEGER,
    kind_timeout UINTEGER,
    kind_protocol UINTEGER,
    kind_body UINTEGER,
    kind_status_4xx UINTEGER,
    kind_status_5xx UINTEGER,
    kind_auth UINTEGER,
    kind_throttled UINTEGER,
    kind_vendor_error UINTEGER,
    kind_schema UINTEGER,
    kind_assertion UINTEGER,
    kind_capture UINTEGER,
    kind_deadline UINTEGER,
    kind_internal UINTEGER,
    status_2xx UINTEGER,
    status_3xx UINTEGER,
    status_4xx UINTEGER,
    status_5xx UINTEGER,
    n UINTEGER,
    total_sum DOUBLE,
    total_min DOUBLE,
    total_max DOUBLE,
    total_p50 DOUBLE,
    total_p95 DOUBLE,
    total_p99 DOUBLE,
    total_histogram BLOB,
    ttfb_sum DOUBLE,
    ttfb_min DOUBLE,
    ttfb_max DOUBLE,
    ttfb_p50 DOUBLE,
    ttfb_p95 DOUBLE,
    ttfb_p99 DOUBLE,
    ttfb_histogram BLOB,
    wait_min DOUBLE,
    wait_max DOUBLE,
    wait_p50 DOUBLE,
    wait_p95 DOUBLE,
    wait_p99 DOUBLE,
    dns_sum DOUBLE,
    connect_sum DOUBLE,
    tls_sum DOUBLE,
    wait_sum DOUBLE,
    download_sum DOUBLE,
    dns_n UINTEGER,
    connect_n UINTEGER,
    tls_n UINTEGER,
    wait_n UINTEGER,
    download_n UINTEGER
);
COMMENT ON TABLE step_rollups_1h IS 'Attempts at steps over an hour, by step and region.';
COMMENT ON COLUMN step_rollups_1h.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN step_rollups_1h.integration IS 'Integration name.';
COMMENT ON COLUMN step_rollups_1h.workflow IS 'Workflow name.';
COMMENT ON COLUMN step_rollups_1h.step IS 'Step name.';
COMMENT ON COLUMN step_rollups_1h.region IS 'Region of the prober.';
COMMENT ON COLUMN step_rollups_1h.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN step_rollups_1h.requests IS 'Requests that were really made, count; what rates are shares of.';
COMMENT ON COLUMN step_rollups_1h.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN step_rollups_1h.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN step_rollups_1h.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN step_rollups_1h.throttled IS 'Requests that ended throttled, count.';
COMMENT ON COLUMN step_rollups_1h.kind_dns IS 'Requests that failed with kind dns, count.';
COMMENT ON COLUMN step_rollups_1h.kind_connect IS 'Requests that failed with kind connect, count.';
COMMENT ON COLUMN step_rollups_1h.kind_proxy IS 'Requests that failed with kind proxy, count.';
COMMENT ON COLUMN step_rollups_1h.kind_tls IS 'Requests that failed with kind tls, count.';
COMMENT ON COLUMN step_rollups_1h.kind_timeout IS 'Requests that failed with kind timeout, count.';
COMMENT ON COLUMN step_rollups_1h.kind_protocol IS 'Requests that failed with kind protocol, count.';
COMMENT ON COLUMN step_rollups_1h.kind_body IS 'Requests that failed with kind body, count.';
COMMENT ON COLUMN step_rollups_1h.kind_status_4xx IS 'Requests that failed with kind status_4xx, count.';
COMMENT ON COLUMN step_rollups_1h.kind_status_5xx IS 'Requests that failed with kind status_5xx, count.';
COMMENT ON COLUMN step_rollups_1h.kind_auth IS 'Requests that failed with kind auth, count.';
COMMENT ON COLUMN step_rollups_1h.kind_throttled IS 'Requests that failed with kind throttled, count.';
COMMENT ON COLUMN step_rollups_1h.kind_vendor_error IS 'Requests that failed with kind vendor_error, count.';
COMMENT ON COLUMN step_rollups_1h.kind_schema IS 'Requests that failed with kind schema, count.';
COMMENT ON COLUMN step_rollups_1h.kind_assertion IS 'Requests that failed with kind assertion, count.';
COMMENT ON COLUMN step_rollups_1h.kind_capture IS 'Requests that failed with kind capture, count.';
COMMENT ON COLUMN step_rollups_1h.kind_deadline IS 'Requests that failed with kind deadline, count.';
COMMENT ON COLUMN step_rollups_1h.kind_internal IS 'Requests that failed with kind internal, count.';
COMMENT ON COLUMN step_rollups_1h.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN step_rollups_1h.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN step_rollups_1h.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN step_rollups_1h.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN step_rollups_1h.n IS 'Good attempts whose latency counts: no clean-up, prober on time, count.';
COMMENT ON COLUMN step_rollups_1h.total_sum IS 'Sum total_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1h.total_min IS 'Smallest total_ms of those n, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_1h.total_max IS 'Largest total_ms of those n, milliseconds; null where total_sum is the same.';
COMMENT ON COLUMN step_rollups_1h.total_p50 IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_1h.total_p95 IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_1h.total_p99 IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_1h.total_histogram IS 'Histogram of total_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN step_rollups_1h.ttfb_sum IS 'Sum ttfb_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1h.ttfb_min IS 'Smallest ttfb_ms of those n, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_1h.ttfb_max IS 'Largest ttfb_ms of those n, milliseconds; null where ttfb_sum is the same.';
COMMENT ON COLUMN step_rollups_1h.ttfb_p50 IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_1h.ttfb_p95 IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_1h.ttfb_p99 IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_1h.ttfb_histogram IS 'Histogram of ttfb_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN step_rollups_1h.wait_min IS 'Smallest wait_ms of those n, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_1h.wait_max IS 'Largest wait_ms of those n, milliseconds; null where wait_sum is the same.';
COMMENT ON COLUMN step_rollups_1h.wait_p50 IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_1h.wait_p95 IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_1h.wait_p99 IS 'P99 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_1h.dns_sum IS 'Sum dns_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1h.connect_sum IS 'Sum connect_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1h.tls_sum IS 'Sum tls_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1h.wait_sum IS 'Sum wait_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1h.download_sum IS 'Sum download_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1h.dns_n IS 'How many of those n had a dns_ms, count.';
COMMENT ON COLUMN step_rollups_1h.connect_n IS 'How many of those n had a connect_ms, count.';
COMMENT ON COLUMN step_rollups_1h.tls_n IS 'How many of those n had a tls_ms, count.';
COMMENT ON COLUMN step_rollups_1h.wait_n IS 'How many of those n had a wait_ms, count.';
COMMENT ON COLUMN step_rollups_1h.download_n IS 'How many of those n had a download_ms, count.';

CREATE TABLE step_rollups_1d (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    simulated UINTEGER,
    requests UINTEGER,
    passed UINTEGER,
    unstable UINTEGER,
    failed UINTEGER,
    throttled UINTEGER,
    kind_dns UINTEGER,
    kind_connect UINTEGER,
    kind_proxy UINTEGER,
    kind_tls UINTEGER,
    kind_timeout UINTEGER,
    kind_protocol UINTEGER,
    kind_body UINTEGER,
    kind_status_4xx UINTEGER,
    kind_status_5xx UINTEGER,
    kind_auth UINTEGER,
    kind_throttled UINTEGER,
    kind_vendor_error UINTEGER,
    kind_schema UINTEGER,
    kind_assertion UINTEGER,
    kind_capture UINTEGER,
    kind_deadline UINTEGER,
    kind_internal UINTEGER,
    status_2xx UINTEGER,
    status_3xx UINTEGER,
    status_4xx UINTEGER,
    status_5xx UINTEGER,
    n UINTEGER,
    total_sum DOUBLE,
    total_min DOUBLE,
    total_max DOUBLE,
    total_p50 DOUBLE,
    total_p95 DOUBLE,
    total_p99 DOUBLE,
    total_histogram BLOB,
    ttfb_sum DOUBLE,
    ttfb_min DOUBLE,
    ttfb_max DOUBLE,
    ttfb_p50 DOUBLE,
    ttfb_p95 DOUBLE,
    ttfb_p99 DOUBLE,
    ttfb_histogram BLOB,
    wait_min DOUBLE,
    wait_max DOUBLE,
    wait_p50 DOUBLE,
    wait_p95 DOUBLE,
    wait_p99 DOUBLE,
    dns_sum DOUBLE,
    connect_sum DOUBLE,
    tls_sum DOUBLE,
    wait_sum DOUBLE,
    download_sum DOUBLE,
    dns_n UINTEGER,
    connect_n UINTEGER,
    tls_n UINTEGER,
    wait_n UINTEGER,
    download_n UINTEGER
);
COMMENT ON TABLE step_rollups_1d IS 'Attempts at steps over a day, by step and region.';
COMMENT ON COLUMN step_rollups_1d.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN step_rollups_1d.integration IS 'Integration name.';
COMMENT ON COLUMN step_rollups_1d.workflow IS 'Workflow name.';
COMMENT ON COLUMN step_rollups_1d.step IS 'Step name.';
COMMENT ON COLUMN step_rollups_1d.region IS 'Region of the prober.';
COMMENT ON COLUMN step_rollups_1d.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN step_rollups_1d.requests IS 'Requests that were really made, count; what rates are shares of.';
COMMENT ON COLUMN step_rollups_1d.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN step_rollups_1d.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN step_rollups_1d.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN step_rollups_1d.throttled IS 'Requests that ended throttled, count.';
COMMENT ON COLUMN step_rollups_1d.kind_dns IS 'Requests that failed with kind dns, count.';
COMMENT ON COLUMN step_rollups_1d.kind_connect IS 'Requests that failed with kind connect, count.';
COMMENT ON COLUMN step_rollups_1d.kind_proxy IS 'Requests that failed with kind proxy, count.';
COMMENT ON COLUMN step_rollups_1d.kind_tls IS 'Requests that failed with kind tls, count.';
COMMENT ON COLUMN step_rollups_1d.kind_timeout IS 'Requests that failed with kind timeout, count.';
COMMENT ON COLUMN step_rollups_1d.kind_protocol IS 'Requests that failed with kind protocol, count.';
COMMENT ON COLUMN step_rollups_1d.kind_body IS 'Requests that failed with kind body, count.';
COMMENT ON COLUMN step_rollups_1d.kind_status_4xx IS 'Requests that failed with kind status_4xx, count.';
COMMENT ON COLUMN step_rollups_1d.kind_status_5xx IS 'Requests that failed with kind status_5xx, count.';
COMMENT ON COLUMN step_rollups_1d.kind_auth IS 'Requests that failed with kind auth, count.';
COMMENT ON COLUMN step_rollups_1d.kind_throttled IS 'Requests that failed with kind throttled, count.';
COMMENT ON COLUMN step_rollups_1d.kind_vendor_error IS 'Requests that failed with kind vendor_error, count.';
COMMENT ON COLUMN step_rollups_1d.kind_schema IS 'Requests that failed with kind schema, count.';
COMMENT ON COLUMN step_rollups_1d.kind_assertion IS 'Requests that failed with kind assertion, count.';
COMMENT ON COLUMN step_rollups_1d.kind_capture IS 'Requests that failed with kind capture, count.';
COMMENT ON COLUMN step_rollups_1d.kind_deadline IS 'Requests that failed with kind deadline, count.';
COMMENT ON COLUMN step_rollups_1d.kind_internal IS 'Requests that failed with kind internal, count.';
COMMENT ON COLUMN step_rollups_1d.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN step_rollups_1d.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN step_rollups_1d.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN step_rollups_1d.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN step_rollups_1d.n IS 'Good attempts whose latency counts: no clean-up, prober on time, count.';
COMMENT ON COLUMN step_rollups_1d.total_sum IS 'Sum total_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1d.total_min IS 'Smallest total_ms of those n, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_1d.total_max IS 'Largest total_ms of those n, milliseconds; null where total_sum is the same.';
COMMENT ON COLUMN step_rollups_1d.total_p50 IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_1d.total_p95 IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_1d.total_p99 IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN step_rollups_1d.total_histogram IS 'Histogram of total_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN step_rollups_1d.ttfb_sum IS 'Sum ttfb_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1d.ttfb_min IS 'Smallest ttfb_ms of those n, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_1d.ttfb_max IS 'Largest ttfb_ms of those n, milliseconds; null where ttfb_sum is the same.';
COMMENT ON COLUMN step_rollups_1d.ttfb_p50 IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_1d.ttfb_p95 IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_1d.ttfb_p99 IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN step_rollups_1d.ttfb_histogram IS 'Histogram of ttfb_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN step_rollups_1d.wait_min IS 'Smallest wait_ms of those n, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_1d.wait_max IS 'Largest wait_ms of those n, milliseconds; null where wait_sum is the same.';
COMMENT ON COLUMN step_rollups_1d.wait_p50 IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_1d.wait_p95 IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_1d.wait_p99 IS 'P99 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN step_rollups_1d.dns_sum IS 'Sum dns_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1d.connect_sum IS 'Sum connect_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1d.tls_sum IS 'Sum tls_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1d.wait_sum IS 'Sum wait_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1d.download_sum IS 'Sum download_ms of those n, milliseconds.';
COMMENT ON COLUMN step_rollups_1d.dns_n IS 'How many of those n had a dns_ms, count.';
COMMENT ON COLUMN step_rollups_1d.connect_n IS 'How many of those n had a connect_ms, count.';
COMMENT ON COLUMN step_rollups_1d.tls_n IS 'How many of those n had a tls_ms, count.';
COMMENT ON COLUMN step_rollups_1d.wait_n IS 'How many of those n had a wait_ms, count.';
COMMENT ON COLUMN step_rollups_1d.download_n IS 'How many of those n had a download_ms, count.';

CREATE TABLE integration_rollups_5m (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    simulated UINTEGER,
    requests UINTEGER,
    passed UINTEGER,
    unstable UINTEGER,
    failed UINTEGER,
    throttled UINTEGER,
    kind_dns UINTEGER,
    kind_connect UINTEGER,
    kind_proxy UINTEGER,
    kind_tls UINTEGER,
    kind_timeout UINTEGER,
    kind_protocol UINTEGER,
    kind_body UINTEGER,
    kind_status_4xx UINTEGER,
    kind_status_5xx UINTEGER,
    kind_auth UINTEGER,
    kind_throttled UINTEGER,
    kind_vendor_error UINTEGER,
    kind_schema UINTEGER,
    kind_assertion UINTEGER,
    kind_capture UINTEGER,
    kind_deadline UINTEGER,
    kind_internal UINTEGER,
    status_2xx UINTEGER,
    status_3xx UINTEGER,
    status_4xx UINTEGER,
    status_5xx UINTEGER,
    n UINTEGER,
    total_sum DOUBLE,
    total_min DOUBLE,
    total_max DOUBLE,
    total_p50 DOUBLE,
    total_p95 DOUBLE,
    total_p99 DOUBLE,
    total_histogram BLOB,
    ttfb_sum DOUBLE,
    ttfb_min DOUBLE,
    ttfb_max DOUBLE,
    ttfb_p50 DOUBLE,
    ttfb_p95 DOUBLE,
    ttfb_p99 DOUBLE,
    ttfb_histogram BLOB,
    wait_min DOUBLE,
    wait_max DOUBLE,
    wait_p50 DOUBLE,
    wait_p95 DOUBLE,
    wait_p99 DOUBLE,
    dns_sum DOUBLE,
    connect_sum DOUBLE,
    tls_sum DOUBLE,
    wait_sum DOUBLE,
    download_sum DOUBLE,
    dns_n UINTEGER,
    connect_n UINTEGER,
    tls_n UINTEGER,
    wait_n UINTEGER,
    download_n UINTEGER,
    runs UINTEGER,
    simulated_runs UINTEGER,
    last_run_at TIMESTAMPTZ,
    last_outcome VARCHAR
);
COMMENT ON TABLE integration_rollups_5m IS 'Attempts at steps over five minutes, by integration, all steps and regions together.';
COMMENT ON COLUMN integration_rollups_5m.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN integration_rollups_5m.integration IS 'Integration name.';
COMMENT ON COLUMN integration_rollups_5m.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN integration_rollups_5m.requests IS 'Requests that were really made, count; what rates are shares of.';
COMMENT ON COLUMN integration_rollups_5m.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN integration_rollups_5m.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN integration_rollups_5m.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN integration_rollups_5m.throttled IS 'Requests that ended throttled, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_dns IS 'Requests that failed with kind dns, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_connect IS 'Requests that failed with kind connect, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_proxy IS 'Requests that failed with kind proxy, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_tls IS 'Requests that failed with kind tls, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_timeout IS 'Requests that failed with kind timeout, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_protocol IS 'Requests that failed with kind protocol, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_body IS 'Requests that failed with kind body, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_status_4xx IS 'Requests that failed with kind status_4xx, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_status_5xx IS 'Requests that failed with kind status_5xx, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_auth IS 'Requests that failed with kind auth, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_throttled IS 'Requests that failed with kind throttled, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_vendor_error IS 'Requests that failed with kind vendor_error, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_schema IS 'Requests that failed with kind schema, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_assertion IS 'Requests that failed with kind assertion, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_capture IS 'Requests that failed with kind capture, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_deadline IS 'Requests that failed with kind deadline, count.';
COMMENT ON COLUMN integration_rollups_5m.kind_internal IS 'Requests that failed with kind internal, count.';
COMMENT ON COLUMN integration_rollups_5m.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN integration_rollups_5m.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN integration_rollups_5m.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN integration_rollups_5m.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN integration_rollups_5m.n IS 'Good attempts whose latency counts: no clean-up, prober on time, count.';
COMMENT ON COLUMN integration_rollups_5m.total_sum IS 'Sum total_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_5m.total_min IS 'Smallest total_ms of those n, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.total_max IS 'Largest total_ms of those n, milliseconds; null where total_sum is the same.';
COMMENT ON COLUMN integration_rollups_5m.total_p50 IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.total_p95 IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.total_p99 IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.total_histogram IS 'Histogram of total_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN integration_rollups_5m.ttfb_sum IS 'Sum ttfb_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_5m.ttfb_min IS 'Smallest ttfb_ms of those n, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.ttfb_max IS 'Largest ttfb_ms of those n, milliseconds; null where ttfb_sum is the same.';
COMMENT ON COLUMN integration_rollups_5m.ttfb_p50 IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.ttfb_p95 IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.ttfb_p99 IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.ttfb_histogram IS 'Histogram of ttfb_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN integration_rollups_5m.wait_min IS 'Smallest wait_ms of those n, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.wait_max IS 'Largest wait_ms of those n, milliseconds; null where wait_sum is the same.';
COMMENT ON COLUMN integration_rollups_5m.wait_p50 IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.wait_p95 IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.wait_p99 IS 'P99 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_5m.dns_sum IS 'Sum dns_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_5m.connect_sum IS 'Sum connect_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_5m.tls_sum IS 'Sum tls_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_5m.wait_sum IS 'Sum wait_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_5m.download_sum IS 'Sum download_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_5m.dns_n IS 'How many of those n had a dns_ms, count.';
COMMENT ON COLUMN integration_rollups_5m.connect_n IS 'How many of those n had a connect_ms, count.';
COMMENT ON COLUMN integration_rollups_5m.tls_n IS 'How many of those n had a tls_ms, count.';
COMMENT ON COLUMN integration_rollups_5m.wait_n IS 'How many of those n had a wait_ms, count.';
COMMENT ON COLUMN integration_rollups_5m.download_n IS 'How many of those n had a download_ms, count.';
COMMENT ON COLUMN integration_rollups_5m.runs IS 'Runs that started in it, whatever came of them, count.';
COMMENT ON COLUMN integration_rollups_5m.simulated_runs IS 'Of these, runs of generated history, count.';
COMMENT ON COLUMN integration_rollups_5m.last_run_at IS 'Start of the last of these runs.';
COMMENT ON COLUMN integration_rollups_5m.last_outcome IS 'How that one ended.';

CREATE TABLE integration_rollups_1h (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    simulated UINTEGER,
    requests UINTEGER,
    passed UINTEGER,
    unstable UINTEGER,
    failed UINTEGER,
    throttled UINTEGER,
    kind_dns UINTEGER,
    kind_connect UINTEGER,
    kind_proxy UINTEGER,
    kind_tls UINTEGER,
    kind_timeout UINTEGER,
    kind_protocol UINTEGER,
    kind_body UINTEGER,
    kind_status_4xx UINTEGER,
    kind_status_5xx UINTEGER,
    kind_auth UINTEGER,
    kind_throttled UINTEGER,
    kind_vendor_error UINTEGER,
    kind_schema UINTEGER,
    kind_assertion UINTEGER,
    kind_capture UINTEGER,
    kind_deadline UINTEGER,
    kind_internal UINTEGER,
    status_2xx UINTEGER,
    status_3xx UINTEGER,
    status_4xx UINTEGER,
    status_5xx UINTEGER,
    n UINTEGER,
    total_sum DOUBLE,
    total_min DOUBLE,
    total_max DOUBLE,
    total_p50 DOUBLE,
    total_p95 DOUBLE,
    total_p99 DOUBLE,
    total_histogram BLOB,
    ttfb_sum DOUBLE,
    ttfb_min DOUBLE,
    ttfb_max DOUBLE,
    ttfb_p50 DOUBLE,
    ttfb_p95 DOUBLE,
    ttfb_p99 DOUBLE,
    ttfb_histogram BLOB,
    wait_min DOUBLE,
    wait_max DOUBLE,
    wait_p50 DOUBLE,
    wait_p95 DOUBLE,
    wait_p99 DOUBLE,
    dns_sum DOUBLE,
    connect_sum DOUBLE,
    tls_sum DOUBLE,
    wait_sum DOUBLE,
    download_sum DOUBLE,
    dns_n UINTEGER,
    connect_n UINTEGER,
    tls_n UINTEGER,
    wait_n UINTEGER,
    download_n UINTEGER,
    runs UINTEGER,
    simulated_runs UINTEGER,
    last_run_at TIMESTAMPTZ,
    last_outcome VARCHAR
);
COMMENT ON TABLE integration_rollups_1h IS 'Attempts at steps over an hour, by integration, all steps and regions together.';
COMMENT ON COLUMN integration_rollups_1h.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN integration_rollups_1h.integration IS 'Integration name.';
COMMENT ON COLUMN integration_rollups_1h.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN integration_rollups_1h.requests IS 'Requests that were really made, count; what rates are shares of.';
COMMENT ON COLUMN integration_rollups_1h.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN integration_rollups_1h.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN integration_rollups_1h.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN integration_rollups_1h.throttled IS 'Requests that ended throttled, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_dns IS 'Requests that failed with kind dns, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_connect IS 'Requests that failed with kind connect, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_proxy IS 'Requests that failed with kind proxy, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_tls IS 'Requests that failed with kind tls, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_timeout IS 'Requests that failed with kind timeout, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_protocol IS 'Requests that failed with kind protocol, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_body IS 'Requests that failed with kind body, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_status_4xx IS 'Requests that failed with kind status_4xx, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_status_5xx IS 'Requests that failed with kind status_5xx, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_auth IS 'Requests that failed with kind auth, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_throttled IS 'Requests that failed with kind throttled, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_vendor_error IS 'Requests that failed with kind vendor_error, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_schema IS 'Requests that failed with kind schema, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_assertion IS 'Requests that failed with kind assertion, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_capture IS 'Requests that failed with kind capture, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_deadline IS 'Requests that failed with kind deadline, count.';
COMMENT ON COLUMN integration_rollups_1h.kind_internal IS 'Requests that failed with kind internal, count.';
COMMENT ON COLUMN integration_rollups_1h.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN integration_rollups_1h.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN integration_rollups_1h.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN integration_rollups_1h.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN integration_rollups_1h.n IS 'Good attempts whose latency counts: no clean-up, prober on time, count.';
COMMENT ON COLUMN integration_rollups_1h.total_sum IS 'Sum total_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1h.total_min IS 'Smallest total_ms of those n, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.total_max IS 'Largest total_ms of those n, milliseconds; null where total_sum is the same.';
COMMENT ON COLUMN integration_rollups_1h.total_p50 IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.total_p95 IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.total_p99 IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.total_histogram IS 'Histogram of total_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN integration_rollups_1h.ttfb_sum IS 'Sum ttfb_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1h.ttfb_min IS 'Smallest ttfb_ms of those n, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.ttfb_max IS 'Largest ttfb_ms of those n, milliseconds; null where ttfb_sum is the same.';
COMMENT ON COLUMN integration_rollups_1h.ttfb_p50 IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.ttfb_p95 IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.ttfb_p99 IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.ttfb_histogram IS 'Histogram of ttfb_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN integration_rollups_1h.wait_min IS 'Smallest wait_ms of those n, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.wait_max IS 'Largest wait_ms of those n, milliseconds; null where wait_sum is the same.';
COMMENT ON COLUMN integration_rollups_1h.wait_p50 IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.wait_p95 IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.wait_p99 IS 'P99 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_1h.dns_sum IS 'Sum dns_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1h.connect_sum IS 'Sum connect_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1h.tls_sum IS 'Sum tls_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1h.wait_sum IS 'Sum wait_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1h.download_sum IS 'Sum download_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1h.dns_n IS 'How many of those n had a dns_ms, count.';
COMMENT ON COLUMN integration_rollups_1h.connect_n IS 'How many of those n had a connect_ms, count.';
COMMENT ON COLUMN integration_rollups_1h.tls_n IS 'How many of those n had a tls_ms, count.';
COMMENT ON COLUMN integration_rollups_1h.wait_n IS 'How many of those n had a wait_ms, count.';
COMMENT ON COLUMN integration_rollups_1h.download_n IS 'How many of those n had a download_ms, count.';
COMMENT ON COLUMN integration_rollups_1h.runs IS 'Runs that started in it, whatever came of them, count.';
COMMENT ON COLUMN integration_rollups_1h.simulated_runs IS 'Of these, runs of generated history, count.';
COMMENT ON COLUMN integration_rollups_1h.last_run_at IS 'Start of the last of these runs.';
COMMENT ON COLUMN integration_rollups_1h.last_outcome IS 'How that one ended.';

CREATE TABLE integration_rollups_1d (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    simulated UINTEGER,
    requests UINTEGER,
    passed UINTEGER,
    unstable UINTEGER,
    failed UINTEGER,
    throttled UINTEGER,
    kind_dns UINTEGER,
    kind_connect UINTEGER,
    kind_proxy UINTEGER,
    kind_tls UINTEGER,
    kind_timeout UINTEGER,
    kind_protocol UINTEGER,
    kind_body UINTEGER,
    kind_status_4xx UINTEGER,
    kind_status_5xx UINTEGER,
    kind_auth UINTEGER,
    kind_throttled UINTEGER,
    kind_vendor_error UINTEGER,
    kind_schema UINTEGER,
    kind_assertion UINTEGER,
    kind_capture UINTEGER,
    kind_deadline UINTEGER,
    kind_internal UINTEGER,
    status_2xx UINTEGER,
    status_3xx UINTEGER,
    status_4xx UINTEGER,
    status_5xx UINTEGER,
    n UINTEGER,
    total_sum DOUBLE,
    total_min DOUBLE,
    total_max DOUBLE,
    total_p50 DOUBLE,
    total_p95 DOUBLE,
    total_p99 DOUBLE,
    total_histogram BLOB,
    ttfb_sum DOUBLE,
    ttfb_min DOUBLE,
    ttfb_max DOUBLE,
    ttfb_p50 DOUBLE,
    ttfb_p95 DOUBLE,
    ttfb_p99 DOUBLE,
    ttfb_histogram BLOB,
    wait_min DOUBLE,
    wait_max DOUBLE,
    wait_p50 DOUBLE,
    wait_p95 DOUBLE,
    wait_p99 DOUBLE,
    dns_sum DOUBLE,
    connect_sum DOUBLE,
    tls_sum DOUBLE,
    wait_sum DOUBLE,
    download_sum DOUBLE,
    dns_n UINTEGER,
    connect_n UINTEGER,
    tls_n UINTEGER,
    wait_n UINTEGER,
    download_n UINTEGER,
    runs UINTEGER,
    simulated_runs UINTEGER,
    last_run_at TIMESTAMPTZ,
    last_outcome VARCHAR
);
COMMENT ON TABLE integration_rollups_1d IS 'Attempts at steps over a day, by integration, all steps and regions together.';
COMMENT ON COLUMN integration_rollups_1d.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN integration_rollups_1d.integration IS 'Integration name.';
COMMENT ON COLUMN integration_rollups_1d.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN integration_rollups_1d.requests IS 'Requests that were really made, count; what rates are shares of.';
COMMENT ON COLUMN integration_rollups_1d.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN integration_rollups_1d.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN integration_rollups_1d.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN integration_rollups_1d.throttled IS 'Requests that ended throttled, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_dns IS 'Requests that failed with kind dns, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_connect IS 'Requests that failed with kind connect, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_proxy IS 'Requests that failed with kind proxy, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_tls IS 'Requests that failed with kind tls, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_timeout IS 'Requests that failed with kind timeout, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_protocol IS 'Requests that failed with kind protocol, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_body IS 'Requests that failed with kind body, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_status_4xx IS 'Requests that failed with kind status_4xx, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_status_5xx IS 'Requests that failed with kind status_5xx, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_auth IS 'Requests that failed with kind auth, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_throttled IS 'Requests that failed with kind throttled, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_vendor_error IS 'Requests that failed with kind vendor_error, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_schema IS 'Requests that failed with kind schema, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_assertion IS 'Requests that failed with kind assertion, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_capture IS 'Requests that failed with kind capture, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_deadline IS 'Requests that failed with kind deadline, count.';
COMMENT ON COLUMN integration_rollups_1d.kind_internal IS 'Requests that failed with kind internal, count.';
COMMENT ON COLUMN integration_rollups_1d.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN integration_rollups_1d.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN integration_rollups_1d.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN integration_rollups_1d.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN integration_rollups_1d.n IS 'Good attempts whose latency counts: no clean-up, prober on time, count.';
COMMENT ON COLUMN integration_rollups_1d.total_sum IS 'Sum total_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1d.total_min IS 'Smallest total_ms of those n, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.total_max IS 'Largest total_ms of those n, milliseconds; null where total_sum is the same.';
COMMENT ON COLUMN integration_rollups_1d.total_p50 IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.total_p95 IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.total_p99 IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.total_histogram IS 'Histogram of total_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN integration_rollups_1d.ttfb_sum IS 'Sum ttfb_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1d.ttfb_min IS 'Smallest ttfb_ms of those n, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.ttfb_max IS 'Largest ttfb_ms of those n, milliseconds; null where ttfb_sum is the same.';
COMMENT ON COLUMN integration_rollups_1d.ttfb_p50 IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.ttfb_p95 IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.ttfb_p99 IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.ttfb_histogram IS 'Histogram of ttfb_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN integration_rollups_1d.wait_min IS 'Smallest wait_ms of those n, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.wait_max IS 'Largest wait_ms of those n, milliseconds; null where wait_sum is the same.';
COMMENT ON COLUMN integration_rollups_1d.wait_p50 IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.wait_p95 IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.wait_p99 IS 'P99 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN integration_rollups_1d.dns_sum IS 'Sum dns_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1d.connect_sum IS 'Sum connect_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1d.tls_sum IS 'Sum tls_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1d.wait_sum IS 'Sum wait_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1d.download_sum IS 'Sum download_ms of those n, milliseconds.';
COMMENT ON COLUMN integration_rollups_1d.dns_n IS 'How many of those n had a dns_ms, count.';
COMMENT ON COLUMN integration_rollups_1d.connect_n IS 'How many of those n had a connect_ms, count.';
COMMENT ON COLUMN integration_rollups_1d.tls_n IS 'How many of those n had a tls_ms, count.';
COMMENT ON COLUMN integration_rollups_1d.wait_n IS 'How many of those n had a wait_ms, count.';
COMMENT ON COLUMN integration_rollups_1d.download_n IS 'How many of those n had a download_ms, count.';
COMMENT ON COLUMN integration_rollups_1d.runs IS 'Runs that started in it, whatever came of them, count.';
COMMENT ON COLUMN integration_rollups_1d.simulated_runs IS 'Of these, runs of generated history, count.';
COMMENT ON COLUMN integration_rollups_1d.last_run_at IS 'Start of the last of these runs.';
COMMENT ON COLUMN integration_rollups_1d.last_outcome IS 'How that one ended.';

CREATE TABLE run_rollups_5m (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    every_s DOUBLE NOT NULL,
    outcome VARCHAR NOT NULL,
    failure_kind VARCHAR,
    elsewhere BOOLEAN NOT NULL,
    simulated BOOLEAN NOT NULL,
    n UINTEGER NOT NULL,
    total_index SMALLINT[],
    total_count UINTEGER[],
    ttfb_index SMALLINT[],
    ttfb_count UINTEGER[],
    lag_index SMALLINT[],
    lag_count UINTEGER[]
);
COMMENT ON TABLE run_rollups_5m IS 'Slices that begin within five minutes, by all that can make them good or bad.';
COMMENT ON COLUMN run_rollups_5m.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN run_rollups_5m.integration IS 'Integration name.';
COMMENT ON COLUMN run_rollups_5m.workflow IS 'Workflow name.';
COMMENT ON COLUMN run_rollups_5m.region IS 'Region of the prober.';
COMMENT ON COLUMN run_rollups_5m.every_s IS 'Interval of the schedule, which is the length of the slices, seconds.';
COMMENT ON COLUMN run_rollups_5m.outcome IS 'Outcome of the runs that decided the slices; one that an open circuit held back counts as failed.';
COMMENT ON COLUMN run_rollups_5m.failure_kind IS 'Kind of failure; null when good.';
COMMENT ON COLUMN run_rollups_5m.elsewhere IS 'Whether the deciding step was sent to another integration.';
COMMENT ON COLUMN run_rollups_5m.simulated IS 'True for generated history.';
COMMENT ON COLUMN run_rollups_5m.n IS 'Slices that were decided so, count.';
COMMENT ON COLUMN run_rollups_5m.total_index IS 'Histogram of slowest_total_ms of the deciding runs: numbers of the buckets, ascending; null when none had it.';
COMMENT ON COLUMN run_rollups_5m.total_count IS 'Histogram of slowest_total_ms of the deciding runs: samples in each of these buckets, count.';
COMMENT ON COLUMN run_rollups_5m.ttfb_index IS 'Histogram of slowest_ttfb_ms of the deciding runs: numbers of the buckets, ascending; null when none had it.';
COMMENT ON COLUMN run_rollups_5m.ttfb_count IS 'Histogram of slowest_ttfb_ms of the deciding runs: samples in each of these buckets, count.';
COMMENT ON COLUMN run_rollups_5m.lag_index IS 'Histogram of sync_lag_ms of the deciding runs: numbers of the buckets, ascending; null when none had it.';
COMMENT ON COLUMN run_rollups_5m.lag_count IS 'Histogram of sync_lag_ms of the deciding runs: samples in each of these buckets, count.';

CREATE TABLE run_rollups_1h (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    every_s DOUBLE NOT NULL,
    outcome VARCHAR NOT NULL,
    failure_kind VARCHAR,
    elsewhere BOOLEAN NOT NULL,
    simulated BOOLEAN NOT NULL,
    n UINTEGER NOT NULL,
    total_index SMALLINT[],
    total_count UINTEGER[],
    ttfb_index SMALLINT[],
    ttfb_count UINTEGER[],
    lag_index SMALLINT[],
    lag_count UINTEGER[]
);
COMMENT ON TABLE run_rollups_1h IS 'Slices that begin within an hour, by all that can make them good or bad.';
COMMENT ON COLUMN run_rollups_1h.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN run_rollups_1h.integration IS 'Integration name.';
COMMENT ON COLUMN run_rollups_1h.workflow IS 'Workflow name.';
COMMENT ON COLUMN run_rollups_1h.region IS 'Region of the prober.';
COMMENT ON COLUMN run_rollups_1h.every_s IS 'Interval of the schedule, which is the length of the slices, seconds.';
COMMENT ON COLUMN run_rollups_1h.outcome IS 'Outcome of the runs that decided the slices; one that an open circuit held back counts as failed.';
COMMENT ON COLUMN run_rollups_1h.failure_kind IS 'Kind of failure; null when good.';
COMMENT ON COLUMN run_rollups_1h.elsewhere IS 'Whether the deciding step was sent to another integration.';
COMMENT ON COLUMN run_rollups_1h.simulated IS 'True for generated history.';
COMMENT ON COLUMN run_rollups_1h.n IS 'Slices that were decided so, count.';
COMMENT ON COLUMN run_rollups_1h.total_index IS 'Histogram of slowest_total_ms of the deciding runs: numbers of the buckets, ascending; null when none had it.';
COMMENT ON COLUMN run_rollups_1h.total_count IS 'Histogram of slowest_total_ms of the deciding runs: samples in each of these buckets, count.';
COMMENT ON COLUMN run_rollups_1h.ttfb_index IS 'Histogram of slowest_ttfb_ms of the deciding runs: numbers of the buckets, ascending; null when none had it.';
COMMENT ON COLUMN run_rollups_1h.ttfb_count IS 'Histogram of slowest_ttfb_ms of the deciding runs: samples in each of these buckets, count.';
COMMENT ON COLUMN run_rollups_1h.lag_index IS 'Histogram of sync_lag_ms of the deciding runs: numbers of the buckets, ascending; null when none had it.';
COMMENT ON COLUMN run_rollups_1h.lag_count IS 'Histogram of sync_lag_ms of the deciding runs: samples in each of these buckets, count.';

CREATE TABLE run_rollups_1d (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    every_s DOUBLE NOT NULL,
    outcome VARCHAR NOT NULL,
    failure_kind VARCHAR,
    elsewhere BOOLEAN NOT NULL,
    simulated BOOLEAN NOT NULL,
    n UINTEGER NOT NULL,
    total_index SMALLINT[],
    total_count UINTEGER[],
    ttfb_index SMALLINT[],
    ttfb_count UINTEGER[],
    lag_index SMALLINT[],
    lag_count UINTEGER[]
);
COMMENT ON TABLE run_rollups_1d IS 'Slices that begin within a day, by all that can make them good or bad.';
COMMENT ON COLUMN run_rollups_1d.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN run_rollups_1d.integration IS 'Integration name.';
COMMENT ON COLUMN run_rollups_1d.workflow IS 'Workflow name.';
COMMENT ON COLUMN run_rollups_1d.region IS 'Region of the prober.';
COMMENT ON COLUMN run_rollups_1d.every_s IS 'Interval of the schedule, which is the length of the slices, seconds.';
COMMENT ON COLUMN run_rollups_1d.outcome IS 'Outcome of the runs that decided the slices; one that an open circuit held back counts as failed.';
COMMENT ON COLUMN run_rollups_1d.failure_kind IS 'Kind of failure; null when good.';
COMMENT ON COLUMN run_rollups_1d.elsewhere IS 'Whether the deciding step was sent to another integration.';
COMMENT ON COLUMN run_rollups_1d.simulated IS 'True for generated history.';
COMMENT ON COLUMN run_rollups_1d.n IS 'Slices that were decided so, count.';
COMMENT ON COLUMN run_rollups_1d.total_index IS 'Histogram of slowest_total_ms of the deciding runs: numbers of the buckets, ascending; null when none had it.';
COMMENT ON COLUMN run_rollups_1d.total_count IS 'Histogram of slowest_total_ms of the deciding runs: samples in each of these buckets, count.';
COMMENT ON COLUMN run_rollups_1d.ttfb_index IS 'Histogram of slowest_ttfb_ms of the deciding runs: numbers of the buckets, ascending; null when none had it.';
COMMENT ON COLUMN run_rollups_1d.ttfb_count IS 'Histogram of slowest_ttfb_ms of the deciding runs: samples in each of these buckets, count.';
COMMENT ON COLUMN run_rollups_1d.lag_index IS 'Histogram of sync_lag_ms of the deciding runs: numbers of the buckets, ascending; null when none had it.';
COMMENT ON COLUMN run_rollups_1d.lag_count IS 'Histogram of sync_lag_ms of the deciding runs: samples in each of these buckets, count.';

CREATE SEQUENCE dirty_marks;

CREATE TABLE dirty_buckets (
    tier VARCHAR NOT NULL,
    bucket_at TIMESTAMPTZ NOT NULL,
    mark BIGINT NOT NULL
);
COMMENT ON TABLE dirty_buckets IS 'Buckets whose roll-up does not say (any more) what the raw rows say; questions ask the raw rows there.';
COMMENT ON COLUMN dirty_buckets.tier IS 'Length of the bucket: 5m, 1h or 1d. A coarser bucket that holds a dirty one is dirty, too.';
COMMENT ON COLUMN dirty_buckets.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN dirty_buckets.mark IS 'Order of marking.';

CREATE TABLE rollup_watermarks (
    tier VARCHAR PRIMARY KEY,
    kept_from TIMESTAMPTZ,
    rolled_from TIMESTAMPTZ,
    rolled_until TIMESTAMPTZ
);
COMMENT ON TABLE rollup_watermarks IS 'Which time each tier may be asked about.';
COMMENT ON COLUMN rollup_watermarks.tier IS 'raw, 5m, 1h or 1d.';
COMMENT ON COLUMN rollup_watermarks.kept_from IS 'Buckets (raw: rows) before this instant have been forgotten; null when none have.';
COMMENT ON COLUMN rollup_watermarks.rolled_from IS 'Start of the oldest bucket that was ever made; null for raw.';
COMMENT ON COLUMN rollup_watermarks.rolled_until IS 'End of the newest bucket that was ever made; null for raw.';

-- What is already stored is rolled up bit by bit, newest first, while it is answered from the raw rows.
INSERT INTO dirty_buckets
SELECT tier, bucket_at, nextval('dirty_marks') FROM (SELECT DISTINCT '5m' AS tier, make_timestamptz(epoch_us(moment) // 300000000 * 300000000) AS bucket_at
FROM (SELECT started_at AS moment FROM steps UNION ALL SELECT started_at FROM runs UNION ALL SELECT slice_at FROM runs));
