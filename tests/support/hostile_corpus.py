"""Broken answers by the thousand: recorded answers of vendors, changed in ways that networks, proxies and attackers do.

The same seed gives the same answers on every machine. Each is what a server writes to the socket, byte for byte.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import brotli
import zstandard
from ruamel.yaml import YAML

SAMPLES = Path(__file__).parents[1] / "probes" / "vendors" / "samples"
_PLACEHOLDER = re.compile(r"\$(EPOCHMS|EPOCH|ISO|DATE)\+\d+|\$TODAY_CHICAGO")
_FILLED = {"EPOCH": "1795348800", "EPOCHMS": "1795348800000", "ISO": "2026-11-22T12:00:00Z"}


@dataclass(frozen=True)
class Recorded:
    """One answer of a vendor."""

    vendor: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Broken:
    """What is written to the socket, and the name of what was done to it. `ends`: closed, reset or held open after."""

    vendor: str
    way: str
    wire: bytes
    ends: str


@cache
def recorded() -> list[Recorded]:
    """Every recorded answer of every vendor, read from disk once."""
    found = []
    for path in sorted(SAMPLES.glob("*.yaml")):
        for sample in YAML(typ="safe").load(path.read_text()):
            headers = {str(k): _fill(str(v)) for k, v in sample.get("headers", {}).items()}
            body = sample.get("body")
            if body is not None and not isinstance(body, str):
                headers = {"Content-Type": "application/json", **headers}
                body = _fill(json.dumps(body))
            found.append(Recorded(path.stem, sample["status"], tuple(headers.items()), (body or "").encode()))
    return found


def corpus(count: int, seed: int) -> list[Broken]:
    """`count` answers, no two of the same bytes to the same vendor."""
    chance = random.Random(seed)
    bases = recorded()
    seen: set[tuple[str, bytes]] = set()
    made: list[Broken] = []
    while len(made) < count:
        base = chance.choice(bases)
        way = chance.choice(sorted(WAYS))
        wire = WAYS[way](base, chance)
        if (base.vendor, wire) in seen:
            continue
        seen.add((base.vendor, wire))
        made.append(Broken(base.vendor, way, wire, chance.choices(["closed", "reset", "held"], [94, 4, 2])[0]))
    return made


def _fill(text: str) -> str:
    return _PLACEHOLDER.sub(lambda found: _FILLED.get(found[1] or "", "Sun, 22 Nov 2026 12:00:00 GMT"), text)


def _wire(base: Recorded, body: bytes | None = None, *more: tuple[str, str], length: object = None) -> bytes:
    content = base.body if body is None else body
    fields = [*base.headers, *more, ("Content-Length", str(len(content) if length is None else length))]
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"HTTP/1.1 {base.status} Whatever\r\n{lines}\r\n".encode() + content


def _unsized(base: Recorded, body: bytes, *more: tuple[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in (*base.headers, *more))
    return f"HTTP/1.1 {base.status} Whatever\r\n{lines}\r\n".encode() + body


def flipped_bits(base: Recorded, chance: random.Random) -> bytes:
    wire = bytearray(_wire(base))
    for _ in range(chance.randint(1, 8)):
        wire[chance.randrange(len(wire))] ^= 1 << chance.randrange(8)
    return bytes(wire)


def truncated(base: Recorded, chance: random.Random) -> bytes:
    wire = _wire(base)
    return wire[: chance.randrange(len(wire))]


def inserted_bytes(base: Recorded, chance: random.Random) -> bytes:
    wire = bytearray(_wire(base))
    for _ in range(chance.randint(1, 4)):
        odd = chance.choice(
            [b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\xff", b" ", b":", b"\x80\xa7", b"\xed\xa0\x80"]
        )
        at = chance.randrange(len(wire))
        wire[at:at] = odd
    return bytes(wire)


def shuffled_headers(base: Recorded, chance: random.Random) -> bytes:
    headers = [*base.headers, *chance.choices(base.headers or (("X-A", "b"),), k=chance.randint(0, 3))]
    chance.shuffle(headers)
    odd = (
        "Transfer-Encoding",
        "Content-Length",
        "Connection",
        "Retry-After",
        "Location",
        "Set-Cookie",
        "Date",
        "X-" * 60,
    )
    values = ("", "0", "-1", "close", "chunked", "identity", "9" * 40, "é", "a" * 3000, "/", "//", "nan", "1e400", "::")
    headers += [(chance.choice(odd), chance.choice(values)) for _ in range(chance.randint(0, 3))]
    cased = [(chance.choice([str.upper, str.lower, str.title])(name), value) for name, value in headers]
    return _wire(Recorded(base.vendor, base.status, tuple(cased), base.body))


def odd_status(base: Recorded, chance: random.Random) -> bytes:
    version = chance.choice(["HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2", "HTTP/1.2", "http/1.1", "ICY", "HTTP/1.1 "])
    status = chance.choice([str(chance.randint(0, 1000)), "20", "2000", "OK", "-1", "", "+200"])
    reason = chance.choice(["", " OK", " \t", " \xe9", " " + "x" * 500, "\0"])
    return f"{version} {status}{reason}\r\n".encode("latin-1") + _wire(base).split(b"\r\n", 1)[1]


def wrong_length(base: Recorded, chance: random.Random) -> bytes:
    size = len(base.body)
    lies = [size + 1, size - 1, 0, -1, 2 * size + 7, "", "0x10", "1,2", "+5", 10**12, "٣", chance.randint(0, 99999)]
    return _wire(base, length=chance.choice(lies))


def chunked(base: Recorded, chance: random.Random) -> bytes:
    parts, rest = [], base.body
    while rest:
        size = chance.randint(1, max(1, len(rest)))
        parts.append(_chunk(rest[:size], chance))
        rest = rest[size:]
    end = chance.choice(
        [b"0\r\n\r\n", b"0\r\n", b"", b"0\r\nX-T: 1\r\n\r\n", b"00\r\n\r\n", b"-0\r\n\r\n", b"0;a=b\r\n\r\n"]
    )
    coding = chance.choice(["chunked", "Chunked", "gzip, chunked", "chunked, chunked", " chunked ", "chunked;q=1"])
    return _unsized(base, b"".join(parts) + end, ("Transfer-Encoding", coding))


def _chunk(part: bytes, chance: random.Random) -> bytes:
    size = f"{len(part):x}"
    if chance.random() < 0.15:
        size = chance.choice(
            [f"{len(part):X}", f"000{size}", f"{size};x=y", f"{len(part) + 1:x}", "g", "", f" {size}", f"-{size}"]
        )
    return size.encode() + b"\r\n" + part + (b"\r\n" if chance.random() < 0.97 else b"\n")


_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 1, mtime=0),
    "deflate": lambda body: zlib.compress(body, 1),
    "br": lambda body: brotli.compress(body, quality=1),
    "zstd": lambda body: zstandard.ZstdCompressor(level=1).compress(body),
    "identity": bytes,
}


def encoded(base: Recorded, chance: random.Random) -> bytes:
    names = chance.choices(sorted(_PACKERS), k=chance.choice([1, 1, 1, 2, 3]))
    body = base.body + b" " * chance.choice([0, 0, 0, 5000, 300_000])
    for name in names:
        body = _PACKERS[name](body)
    told = ", ".join(names)
    match chance.randrange(6):
        case 0:
            body = body[: chance.randrange(len(body) + 1)]
        case 1:
            told = chance.choice([*_PACKERS, "compress", "x-gzip", "", "gzip;q=1", "GZIP", "br,"])
        case 2:
            packed = bytearray(body or b"\0")
            packed[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
            body = bytes(packed)
        case 3:
            body += chance.choice([b"\0", b"tail", body])
    return _wire(base, body, ("Content-Encoding", told))


def changed_json(base: Recorded, chance: random.Random) -> bytes:
    try:
        document = json.loads(base.body)
    except ValueError:
        document = {"a": [1, "b", None]}
    for _ in range(chance.randint(1, 5)):
        document = _changed(document, chance)
    return _wire(base, json.dumps(document).encode())


def _changed(value: Any, chance: random.Random) -> Any:
    """One place of the document another value."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(sorted(value))
        if chance.random() < 0.1:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: _changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], _changed(value[at], chance), *value[at + 1 :]]
    odd = [
        None,
        True,
        0,
        -1,
        10**30,
        1.5,
        "",
        "x" * 2000,
        "\ud800",
        "\0",
        [],
        {},
        [[[]]],
        {"a": {}},
        "1e400",
        "99",
        "NaN",
    ]
    return chance.choice(odd)


def written_json(base: Recorded, chance: random.Random) -> bytes:
    """JSON as no serialiser writes it."""
    text = base.body or b"{}"
    deep = chance.choice([150, 250, 3000, 60_000])
    odd = [
        b"\xef\xbb\xbf" + text, text.decode("utf-8", "replace").encode("utf-16"), b"[" * deep + b"]" * deep,
        b'{"a":' * deep + b"1" + b"}" * deep, text + text, text[:-1] + b',"a":NaN}', text[:-1] + b',"a":1e999}',
        b'{"a": ' + b"9" * chance.choice([400, 5000, 50_000]) + b"}",
        b"[" + b"[]," * chance.choice([99, 70_000]) + b"[]]",
        text.replace(b":", b"=", 1), text.replace(b'"', b"'"), b'"\\ud83d"',
        b'"' + b"\\u0000" * 99 + b'"', b" " * 9000 + text,
        b"\xff" + text, b"true", b"null", b'""', b"-0", b"[1,]", b"\x1f\x8b" + text, text[:-1] + b',"\xc3\x28":1}',
    ]  # fmt: skip
    salt = b" " * chance.randrange(40)
    return _wire(base, chance.choice(odd) + salt)


def other_size(base: Recorded, chance: random.Random) -> bytes:
    size = chance.choice([0, 1, 100, 8191, 8192, 8193, 32_768, 65_535, 65_536, 200_000]) + chance.randrange(3)
    filling = chance.choice(
        [b"a", b" ", b"\0", b"\xff", "é".encode(), "\U0001f600".encode(), b'{"a":1}', b"a=b&", b"<a>"]
    )
    body = (filling * (size // len(filling) + 1))[:size]
    return _wire(base, body, ("X-Salt", str(chance.randrange(10**6))))


def spliced(base: Recorded, chance: random.Random) -> bytes:
    first, second = _wire(base), _wire(chance.choice(recorded()))
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * chance.choice([0, 1, 3, 20])
    return interim + first[: chance.randrange(len(first) + 1)] + second[chance.randrange(len(second)) :]


def noise(base: Recorded, chance: random.Random) -> bytes:
    start = chance.choice(
        [b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\x16\x03\x01", b"PRI * HTTP/2.0\r\n"]
    )
    return start + chance.randbytes(chance.randint(0, 600))


def redirected(base: Recorded, chance: random.Random) -> bytes:
    status = chance.choice([300, 301, 302, 303, 304, 307, 308])
    where = chance.choice(
        ["/", "/1", "//", "http://", "http://[::1]:1/", "ftp://x", "http://169.254.169.254/", "\x7f", "a" * 9000, ""]
    )
    salt = chance.choice(["", "?", "#", "?a=%zz", "\t", "é"]) + str(chance.randrange(1000))
    moved = Recorded(base.vendor, status, (*base.headers, ("Location", where + salt)), base.body)
    return _wire(moved)


def ways() -> Iterator[tuple[str, Callable[[Recorded, random.Random], bytes]]]:
    """Every way of breaking, by its name."""
    for way in (
        flipped_bits, truncated, inserted_bytes, shuffled_headers, odd_status, wrong_length, chunked, encoded,
        changed_json, written_json, other_size, spliced, noise, redirected,
    ):  # fmt: skip
        yield way.__name__.replace("_", " "), way


WAYS = dict(ways())
