-- Roll-ups by integration and region: a region's figures were merged from those of its steps before. Buckets that were
-- rolled up before are made for these tables bit by bit, newest first; until then their steps answer.

CREATE TABLE region_rollups_5m (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
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
COMMENT ON TABLE region_rollups_5m IS 'Attempts at steps over five minutes, of all steps by integration and region.';
COMMENT ON COLUMN region_rollups_5m.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN region_rollups_5m.integration IS 'Integration name.';
COMMENT ON COLUMN region_rollups_5m.region IS 'Region of the prober.';
COMMENT ON COLUMN region_rollups_5m.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN region_rollups_5m.requests IS 'Requests that were really made, count; what rates are shares of.';
COMMENT ON COLUMN region_rollups_5m.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN region_rollups_5m.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN region_rollups_5m.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN region_rollups_5m.throttled IS 'Requests that ended throttled, count.';
COMMENT ON COLUMN region_rollups_5m.kind_dns IS 'Requests that failed with kind dns, count.';
COMMENT ON COLUMN region_rollups_5m.kind_connect IS 'Requests that failed with kind connect, count.';
COMMENT ON COLUMN region_rollups_5m.kind_proxy IS 'Requests that failed with kind proxy, count.';
COMMENT ON COLUMN region_rollups_5m.kind_tls IS 'Requests that failed with kind tls, count.';
COMMENT ON COLUMN region_rollups_5m.kind_timeout IS 'Requests that failed with kind timeout, count.';
COMMENT ON COLUMN region_rollups_5m.kind_protocol IS 'Requests that failed with kind protocol, count.';
COMMENT ON COLUMN region_rollups_5m.kind_body IS 'Requests that failed with kind body, count.';
COMMENT ON COLUMN region_rollups_5m.kind_status_4xx IS 'Requests that failed with kind status_4xx, count.';
COMMENT ON COLUMN region_rollups_5m.kind_status_5xx IS 'Requests that failed with kind status_5xx, count.';
COMMENT ON COLUMN region_rollups_5m.kind_auth IS 'Requests that failed with kind auth, count.';
COMMENT ON COLUMN region_rollups_5m.kind_throttled IS 'Requests that failed with kind throttled, count.';
COMMENT ON COLUMN region_rollups_5m.kind_vendor_error IS 'Requests that failed with kind vendor_error, count.';
COMMENT ON COLUMN region_rollups_5m.kind_schema IS 'Requests that failed with kind schema, count.';
COMMENT ON COLUMN region_rollups_5m.kind_assertion IS 'Requests that failed with kind assertion, count.';
COMMENT ON COLUMN region_rollups_5m.kind_capture IS 'Requests that failed with kind capture, count.';
COMMENT ON COLUMN region_rollups_5m.kind_deadline IS 'Requests that failed with kind deadline, count.';
COMMENT ON COLUMN region_rollups_5m.kind_internal IS 'Requests that failed with kind internal, count.';
COMMENT ON COLUMN region_rollups_5m.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN region_rollups_5m.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN region_rollups_5m.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN region_rollups_5m.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN region_rollups_5m.n IS 'Good attempts whose latency counts: no clean-up, prober on time, count.';
COMMENT ON COLUMN region_rollups_5m.total_sum IS 'Sum total_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_5m.total_min IS 'Smallest total_ms of those n, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_5m.total_max IS 'Largest total_ms of those n, milliseconds; null where total_sum is the same.';
COMMENT ON COLUMN region_rollups_5m.total_p50 IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_5m.total_p95 IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_5m.total_p99 IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_5m.total_histogram IS 'Histogram of total_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN region_rollups_5m.ttfb_sum IS 'Sum ttfb_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_5m.ttfb_min IS 'Smallest ttfb_ms of those n, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_5m.ttfb_max IS 'Largest ttfb_ms of those n, milliseconds; null where ttfb_sum is the same.';
COMMENT ON COLUMN region_rollups_5m.ttfb_p50 IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_5m.ttfb_p95 IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_5m.ttfb_p99 IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_5m.ttfb_histogram IS 'Histogram of ttfb_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN region_rollups_5m.wait_sum IS 'Sum wait_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_5m.wait_min IS 'Smallest wait_ms of those n, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_5m.wait_max IS 'Largest wait_ms of those n, milliseconds; null where wait_sum is the same.';
COMMENT ON COLUMN region_rollups_5m.wait_p50 IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_5m.wait_p95 IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_5m.wait_p99 IS 'P99 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';

CREATE TABLE region_rollups_1h (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
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
COMMENT ON TABLE region_rollups_1h IS 'Attempts at steps over an hour, of all steps by integration and region.';
COMMENT ON COLUMN region_rollups_1h.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN region_rollups_1h.integration IS 'Integration name.';
COMMENT ON COLUMN region_rollups_1h.region IS 'Region of the prober.';
COMMENT ON COLUMN region_rollups_1h.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN region_rollups_1h.requests IS 'Requests that were really made, count; what rates are shares of.';
COMMENT ON COLUMN region_rollups_1h.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN region_rollups_1h.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN region_rollups_1h.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN region_rollups_1h.throttled IS 'Requests that ended throttled, count.';
COMMENT ON COLUMN region_rollups_1h.kind_dns IS 'Requests that failed with kind dns, count.';
COMMENT ON COLUMN region_rollups_1h.kind_connect IS 'Requests that failed with kind connect, count.';
COMMENT ON COLUMN region_rollups_1h.kind_proxy IS 'Requests that failed with kind proxy, count.';
COMMENT ON COLUMN region_rollups_1h.kind_tls IS 'Requests that failed with kind tls, count.';
COMMENT ON COLUMN region_rollups_1h.kind_timeout IS 'Requests that failed with kind timeout, count.';
COMMENT ON COLUMN region_rollups_1h.kind_protocol IS 'Requests that failed with kind protocol, count.';
COMMENT ON COLUMN region_rollups_1h.kind_body IS 'Requests that failed with kind body, count.';
COMMENT ON COLUMN region_rollups_1h.kind_status_4xx IS 'Requests that failed with kind status_4xx, count.';
COMMENT ON COLUMN region_rollups_1h.kind_status_5xx IS 'Requests that failed with kind status_5xx, count.';
COMMENT ON COLUMN region_rollups_1h.kind_auth IS 'Requests that failed with kind auth, count.';
COMMENT ON COLUMN region_rollups_1h.kind_throttled IS 'Requests that failed with kind throttled, count.';
COMMENT ON COLUMN region_rollups_1h.kind_vendor_error IS 'Requests that failed with kind vendor_error, count.';
COMMENT ON COLUMN region_rollups_1h.kind_schema IS 'Requests that failed with kind schema, count.';
COMMENT ON COLUMN region_rollups_1h.kind_assertion IS 'Requests that failed with kind assertion, count.';
COMMENT ON COLUMN region_rollups_1h.kind_capture IS 'Requests that failed with kind capture, count.';
COMMENT ON COLUMN region_rollups_1h.kind_deadline IS 'Requests that failed with kind deadline, count.';
COMMENT ON COLUMN region_rollups_1h.kind_internal IS 'Requests that failed with kind internal, count.';
COMMENT ON COLUMN region_rollups_1h.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN region_rollups_1h.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN region_rollups_1h.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN region_rollups_1h.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN region_rollups_1h.n IS 'Good attempts whose latency counts: no clean-up, prober on time, count.';
COMMENT ON COLUMN region_rollups_1h.total_sum IS 'Sum total_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1h.total_min IS 'Smallest total_ms of those n, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_1h.total_max IS 'Largest total_ms of those n, milliseconds; null where total_sum is the same.';
COMMENT ON COLUMN region_rollups_1h.total_p50 IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_1h.total_p95 IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_1h.total_p99 IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_1h.total_histogram IS 'Histogram of total_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN region_rollups_1h.ttfb_sum IS 'Sum ttfb_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1h.ttfb_min IS 'Smallest ttfb_ms of those n, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_1h.ttfb_max IS 'Largest ttfb_ms of those n, milliseconds; null where ttfb_sum is the same.';
COMMENT ON COLUMN region_rollups_1h.ttfb_p50 IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_1h.ttfb_p95 IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_1h.ttfb_p99 IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_1h.ttfb_histogram IS 'Histogram of ttfb_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN region_rollups_1h.wait_min IS 'Smallest wait_ms of those n, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_1h.wait_max IS 'Largest wait_ms of those n, milliseconds; null where wait_sum is the same.';
COMMENT ON COLUMN region_rollups_1h.wait_p50 IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_1h.wait_p95 IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_1h.wait_p99 IS 'P99 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_1h.dns_sum IS 'Sum dns_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1h.connect_sum IS 'Sum connect_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1h.tls_sum IS 'Sum tls_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1h.wait_sum IS 'Sum wait_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1h.download_sum IS 'Sum download_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1h.dns_n IS 'How many of those n had a dns_ms, count.';
COMMENT ON COLUMN region_rollups_1h.connect_n IS 'How many of those n had a connect_ms, count.';
COMMENT ON COLUMN region_rollups_1h.tls_n IS 'How many of those n had a tls_ms, count.';
COMMENT ON COLUMN region_rollups_1h.wait_n IS 'How many of those n had a wait_ms, count.';
COMMENT ON COLUMN region_rollups_1h.download_n IS 'How many of those n had a download_ms, count.';

CREATE TABLE region_rollups_1d (
    bucket_at TIMESTAMPTZ NOT NULL,
    integration VARCHAR NOT NULL,
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
COMMENT ON TABLE region_rollups_1d IS 'Attempts at steps over a day, of all steps by integration and region.';
COMMENT ON COLUMN region_rollups_1d.bucket_at IS 'Start of the bucket.';
COMMENT ON COLUMN region_rollups_1d.integration IS 'Integration name.';
COMMENT ON COLUMN region_rollups_1d.region IS 'Region of the prober.';
COMMENT ON COLUMN region_rollups_1d.simulated IS 'Attempts of generated history, count.';
COMMENT ON COLUMN region_rollups_1d.requests IS 'Requests that were really made, count; what rates are shares of.';
COMMENT ON COLUMN region_rollups_1d.passed IS 'Requests that ended passed, count.';
COMMENT ON COLUMN region_rollups_1d.unstable IS 'Requests that ended unstable, count.';
COMMENT ON COLUMN region_rollups_1d.failed IS 'Requests that ended failed, count.';
COMMENT ON COLUMN region_rollups_1d.throttled IS 'Requests that ended throttled, count.';
COMMENT ON COLUMN region_rollups_1d.kind_dns IS 'Requests that failed with kind dns, count.';
COMMENT ON COLUMN region_rollups_1d.kind_connect IS 'Requests that failed with kind connect, count.';
COMMENT ON COLUMN region_rollups_1d.kind_proxy IS 'Requests that failed with kind proxy, count.';
COMMENT ON COLUMN region_rollups_1d.kind_tls IS 'Requests that failed with kind tls, count.';
COMMENT ON COLUMN region_rollups_1d.kind_timeout IS 'Requests that failed with kind timeout, count.';
COMMENT ON COLUMN region_rollups_1d.kind_protocol IS 'Requests that failed with kind protocol, count.';
COMMENT ON COLUMN region_rollups_1d.kind_body IS 'Requests that failed with kind body, count.';
COMMENT ON COLUMN region_rollups_1d.kind_status_4xx IS 'Requests that failed with kind status_4xx, count.';
COMMENT ON COLUMN region_rollups_1d.kind_status_5xx IS 'Requests that failed with kind status_5xx, count.';
COMMENT ON COLUMN region_rollups_1d.kind_auth IS 'Requests that failed with kind auth, count.';
COMMENT ON COLUMN region_rollups_1d.kind_throttled IS 'Requests that failed with kind throttled, count.';
COMMENT ON COLUMN region_rollups_1d.kind_vendor_error IS 'Requests that failed with kind vendor_error, count.';
COMMENT ON COLUMN region_rollups_1d.kind_schema IS 'Requests that failed with kind schema, count.';
COMMENT ON COLUMN region_rollups_1d.kind_assertion IS 'Requests that failed with kind assertion, count.';
COMMENT ON COLUMN region_rollups_1d.kind_capture IS 'Requests that failed with kind capture, count.';
COMMENT ON COLUMN region_rollups_1d.kind_deadline IS 'Requests that failed with kind deadline, count.';
COMMENT ON COLUMN region_rollups_1d.kind_internal IS 'Requests that failed with kind internal, count.';
COMMENT ON COLUMN region_rollups_1d.status_2xx IS 'Requests that were answered with a status of 2xx, count.';
COMMENT ON COLUMN region_rollups_1d.status_3xx IS 'Requests that were answered with a status of 3xx, count.';
COMMENT ON COLUMN region_rollups_1d.status_4xx IS 'Requests that were answered with a status of 4xx, count.';
COMMENT ON COLUMN region_rollups_1d.status_5xx IS 'Requests that were answered with a status of 5xx, count.';
COMMENT ON COLUMN region_rollups_1d.n IS 'Good attempts whose latency counts: no clean-up, prober on time, count.';
COMMENT ON COLUMN region_rollups_1d.total_sum IS 'Sum total_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1d.total_min IS 'Smallest total_ms of those n, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_1d.total_max IS 'Largest total_ms of those n, milliseconds; null where total_sum is the same.';
COMMENT ON COLUMN region_rollups_1d.total_p50 IS 'P50 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_1d.total_p95 IS 'P95 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_1d.total_p99 IS 'P99 of total_ms over those n, nearest rank, exact, milliseconds; null where total_max is the same.';
COMMENT ON COLUMN region_rollups_1d.total_histogram IS 'Histogram of total_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN region_rollups_1d.ttfb_sum IS 'Sum ttfb_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1d.ttfb_min IS 'Smallest ttfb_ms of those n, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_1d.ttfb_max IS 'Largest ttfb_ms of those n, milliseconds; null where ttfb_sum is the same.';
COMMENT ON COLUMN region_rollups_1d.ttfb_p50 IS 'P50 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_1d.ttfb_p95 IS 'P95 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_1d.ttfb_p99 IS 'P99 of ttfb_ms over those n, nearest rank, exact, milliseconds; null where ttfb_max is the same.';
COMMENT ON COLUMN region_rollups_1d.ttfb_histogram IS 'Histogram of ttfb_ms over those n: indices of the buckets that hold something, each with how many samples it holds. From -346 on, a byte below 127 goes that many further to a bucket; 127 goes on without one; bytes from 128 up are digits to the base of 128, least first, of the samples in that bucket less 1. Null without samples.';
COMMENT ON COLUMN region_rollups_1d.wait_min IS 'Smallest wait_ms of those n, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_1d.wait_max IS 'Largest wait_ms of those n, milliseconds; null where wait_sum is the same.';
COMMENT ON COLUMN region_rollups_1d.wait_p50 IS 'P50 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_1d.wait_p95 IS 'P95 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_1d.wait_p99 IS 'P99 of wait_ms over those n, nearest rank, exact, milliseconds; null where wait_max is the same.';
COMMENT ON COLUMN region_rollups_1d.dns_sum IS 'Sum dns_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1d.connect_sum IS 'Sum connect_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1d.tls_sum IS 'Sum tls_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1d.wait_sum IS 'Sum wait_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1d.download_sum IS 'Sum download_ms of those n, milliseconds.';
COMMENT ON COLUMN region_rollups_1d.dns_n IS 'How many of those n had a dns_ms, count.';
COMMENT ON COLUMN region_rollups_1d.connect_n IS 'How many of those n had a connect_ms, count.';
COMMENT ON COLUMN region_rollups_1d.tls_n IS 'How many of those n had a tls_ms, count.';
COMMENT ON COLUMN region_rollups_1d.wait_n IS 'How many of those n had a wait_ms, count.';
COMMENT ON COLUMN region_rollups_1d.download_n IS 'How many of those n had a download_ms, count.';

-- From when on every bucket holds its regions; the roller moves it back as it makes the older ones.
INSERT INTO rollup_watermarks (tier, kept_from)
SELECT 'regions', max(rolled_until) FROM rollup_watermarks HAVING max(rolled_until) IS NOT NULL;
COMMENT ON COLUMN rollup_watermarks.tier IS 'raw, 5m, 1h or 1d; regions: the roll-ups by region, in every tier.';
