"""Whatever bytes come: what reads them returns, or raises its one kind of failure."""

from __future__ import annotations

import gzip
import json
import math
import random
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import brotli
import pytest
import zstandard
from how_many import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from probes.document import DEEPEST, CorruptDocument, parse
from probes.http import Headers
from probes.quota import QUOTA_PARSERS, QuotaSource
from probes.transport import Limits, TransportFailure
from probes.transport.decoding import ACCEPTED, decode
from probes.vendors import VENDORS, Answer, parse_retry_after

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SMALL = Limits(body=200_000, ratio_from=100_000, ratio=50)
PACK: dict[str, Any] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@given(JSON, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-32-be"]))
def test_json_reads_as_it_was_written(document: Any, encoding: str) -> None:
    text = json.dumps(document, ensure_ascii=encoding != "utf-8")
    # UTF-16 and -32 without a mark are told by the zeroes in their first characters.
    assert parse(f"[{text}]".encode(encoding, "surrogatepass")) == [document]


@given(st.binary(max_size=300) | st.text('{}[]",:0123456789eE+-.\\u \n', max_size=200).map(str.encode))
@example(b"\xff\xfe\x00")
@example(b"1E400")
@example(b"-" + b"9" * 5000)
@example(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))
@settings(max_examples=examples(300))
def test_no_bytes_are_worse_than_a_corrupt_document(body: bytes) -> None:
    with suppress(CorruptDocument):
        document = parse(body)
        json.dumps(document, allow_nan=False)


@given(st.binary(max_size=4000), st.sampled_from(sorted(PACK)), st.sampled_from(["identity", *sorted(PACK)]))
def test_what_was_encoded_is_decoded(body: bytes, first: str, second: str) -> None:
    packed = PACK[first](body)
    packed = PACK[second](packed) if second != "identity" else packed
    assert decode(packed, Headers({"Content-Encoding": f"{first}, {second}"}), SMALL) == body


@pytest.mark.parametrize("name", sorted(PACK))
@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 199_999])
def test_a_body_of_any_size_is_decoded_whole(name: str, size: int) -> None:
    body = random.Random(size).randbytes(size)
    assert decode(PACK[name](body), Headers({"Content-Encoding": name}), SMALL) == body


@given(st.data(), st.sampled_from(["gzip", "deflate", "br", "zstd"]))
@settings(max_examples=examples(200))
def test_an_encoded_body_that_is_cut_or_changed_is_no_worse_than_a_failure(data: st.DataObject, name: str) -> None:
    packed = bytearray(PACK[name](data.draw(st.binary(min_size=1, max_size=500)) * 50))
    cut = data.draw(st.integers(0, len(packed)))
    if data.draw(st.booleans()):
        packed[cut % len(packed)] ^= data.draw(st.integers(1, 255))
    else:
        del packed[cut:]
    with suppress(TransportFailure):
        decode(bytes(packed), Headers({"Content-Encoding": name}), SMALL)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_an_encoded_body_that_is_cut_is_never_taken_for_whole(name: str) -> None:
    packed = PACK[name](bytes(range(256)) * 40)
    for cut in range(1, len(packed)):
        with pytest.raises(TransportFailure):
            decode(packed[:cut], Headers({"Content-Encoding": name}), SMALL)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "br", "zstd", "zstd, br", "gzip, zstd"]))
@settings(max_examples=examples(300))
def test_no_bytes_are_worse_than_a_failure_to_decode(body: bytes, names: str) -> None:
    with suppress(TransportFailure):
        assert len(decode(body, Headers({"Content-Encoding": names}), SMALL)) <= SMALL.body


def test_frames_of_zstd_are_read_one_after_the_other_and_skipped_where_they_say_so() -> None:
    one = PACK["zstd"](b"hel")
    skipped = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    body = one + skipped + PACK["zstd"](b"lo") + skipped
    assert decode(body, Headers({"Content-Encoding": "zstd"}), SMALL) == b"hello"
    with pytest.raises(TransportFailure, match="more than 64 frames"):
        decode(skipped * 65, Headers({"Content-Encoding": "zstd"}), SMALL)


def test_what_is_offered_is_what_can_be_decoded() -> None:
    assert ACCEPTED.split(", ") == ["gzip", "deflate", "br", "zstd"]


@given(st.text(max_size=60) | st.from_regex(r"[-+0-9.eE: ,;A-Za-z]{0,40}", fullmatch=True))
@example("9" * 5000)
@example("-1")
@example("Sun, 99 Nov 2026 12:00:00 GMT")
def test_no_retry_after_raises_and_none_is_nonsense(written: str) -> None:
    seconds = parse_retry_after(written, NOW)
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


NAMES = sorted(
    {
        "retry-after", "ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset",
        "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-resource", "x-rate-limit-limit",
        "x-shopify-shop-api-call-limit", "sforce-limit-info", "x-business-use-case-usage", "x-app-usage",
        "x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining", "x-hubspot-ratelimit-max",
        "x-hubspot-ratelimit-interval-milliseconds", "x-sib-ratelimit-limit", "x-twilio-concurrent-requests",
        "x-rate-limit", "date",
    }
)  # fmt: skip
VALUES = (
    st.text(max_size=40)
    | st.from_regex(r'[-+0-9.eE:;,="/a-z{} ]{0,60}', fullmatch=True)
    | st.sampled_from(["0", "-1", "1e999", "9" * 400, "NaN", "1;w=60", '"a";q=1;w=9', '"a";r=1;t=9', "{}", "[]", "1/2"])
)


@given(
    headers=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8),
    document=JSON | st.none(),
    status=st.integers(100, 999),
)
@settings(max_examples=examples(200))
def test_no_headers_and_no_document_raise_in_a_quota_parser_or_a_verdict(
    headers: dict[str, str], document: Any, status: int
) -> None:
    answer = Answer(status, headers, json.dumps(document).encode(), document, NOW)
    source = QuotaSource("acme", "c")
    for parser in QUOTA_PARSERS.values():
        for reading in parser(answer, source):
            numbers = (reading.limit, reading.used, reading.remaining, reading.window_s, reading.restore_rate)
            assert all(number is None or math.isfinite(number) for number in numbers)
    for vendor in VENDORS.values():
        vendor.verdict(answer)
        vendor.token_rejected(answer)
        vendor.request_ids(answer)
