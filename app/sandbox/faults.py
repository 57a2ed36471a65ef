"""The fault switches: which there are, what value each takes, and which are on.

`FaultError` carries one sentence for the person who typed the fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

FaultValue = bool | float | str
"""True for a plain switch; a number; or a factor such as `x3`."""

_MAX_LATENCY_MS: Final = 120_000


class FaultError(ValueError):
    """A fault that does not exist or a value that it cannot take; `str()` says which ones are valid."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One switch: what it does and how its value is read. `default` is meant when only the name is given."""

    name: str
    what: str
    default: FaultValue
    read: Callable[[object], FaultValue]


def _switch(_value: object) -> FaultValue:
    raise FaultError("takes no value; write the name alone, or =off")


def _number(low: float, high: float, unit: str) -> Callable[[object], FaultValue]:
    def read(value: object) -> FaultValue:
        try:
            number = float(str(value))
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise FaultError(f"takes {unit} from {low:g} to {high:g}")
        return number

    return read


def _one_of(*words: str) -> Callable[[object], FaultValue]:
    def read(value: object) -> FaultValue:
        if str(value).strip().lower() not in words:
            raise FaultError(f"takes one of {', '.join(words)}")
        return str(value).strip().lower()

    return read


def _latency(value: object) -> FaultValue:
    text = str(value).strip()
    factor = re.fullmatch(r"x(\d+(?:\.\d+)?)", text)
    if factor and 0 < float(factor.group(1)) <= 1000:
        return f"x{float(factor.group(1)):g}"
    try:
        return _number(0, _MAX_LATENCY_MS, "milliseconds")(text.removesuffix("ms"))
    except FaultError:
        raise FaultError(f"takes milliseconds up to {_MAX_LATENCY_MS} (latency=800) or a factor (latency=x3)") from None


VENDOR_FAULTS: Final[dict[str, FaultKind]] = {
    kind.name: kind
    for kind in (
        FaultKind("latency", "answers take this many ms, or this many times longer (x3)", "x3", _latency),
        FaultKind("error-rate", "this share of API calls is answered with a 5xx", 1.0, _number(0, 1, "a share")),
        FaultKind("corrupt-body", "API answers keep status and length, but the JSON is broken", True, _switch),
        FaultKind("truncated-body", "the connection closes after half of the promised body", True, _switch),
        FaultKind("schema-change", "API answers are valid JSON with renamed and retyped fields", True, _switch),
        FaultKind("soft-change", "API answers gain a field schemaVersion, and their times are null", True, _switch),
        FaultKind("deprecation", "API answers announce their end in this many days (Deprecation, Sunset, Link)", 30.0,
                  _number(-3650, 3650, "days")),
        FaultKind("version-fall-forward", "another API version answers than asked for (shopify, meta, github)", True,
                  _switch),
        FaultKind("throttle", "API calls are refused in the vendor's own words for 'over the limit'", True, _switch),
        FaultKind("token-revoked", "the credential is dead: API calls and new tokens are refused", True, _switch),
        FaultKind("connection-refused", "nothing listens on the port", True, _switch),
        FaultKind("reset", "the connection is reset (RST) in the middle of each answer", True, _switch),
        FaultKind("tls-expired", "the server presents a certificate that expired yesterday", True, _switch),
        FaultKind("sync-lag", "a lead reaches salesforce only after this many ms (of marketo, which does the sync)",
                  60_000.0, _number(0, 600_000, "milliseconds")),
        FaultKind("status-page", "its status page says this whatever is so: fine, slow or outage; or is gone (503)",
                  "outage", _one_of("fine", "slow", "outage", "gone")),
        FaultKind("slow-drip", "bodies of API answers come a byte at a time, with this pause in ms", 100.0,
                  _number(1, 10_000, "milliseconds")),
    )
}  # fmt: skip

RECEIVER_FAULTS: Final[dict[str, FaultKind]] = {
    kind.name: kind
    for kind in (
        FaultKind("status", "every message is refused with this HTTP status (SMTP: reply code)", 500.0,
                  _number(400, 599, "a status")),
        FaultKind("throttle", "every message is refused as too many, Retry-After this many seconds", 30.0,
                  _number(1, 3600, "seconds")),
        FaultKind("down", "nothing listens on the port", True, _switch),
    )
}  # fmt: skip


def parse(words: Iterable[str]) -> dict[str, FaultValue]:
    """Faults as typed on a command line: `error-rate=1`, `throttle`, `latency=x3`; `throttle=off` clears one.

    Values come back as the admin endpoint takes them; False means off. Whether the target knows the fault is checked
    by the sandbox. Raises FaultError.
    """
    faults: dict[str, FaultValue] = {}
    for word in words:
        name, given, value = word.strip().partition("=")
        kinds = [catalogue[name] for catalogue in (VENDOR_FAULTS, RECEIVER_FAULTS) if name in catalogue]
        if not kinds:
            raise _unknown(name, {**VENDOR_FAULTS, **RECEIVER_FAULTS})
        faults[name] = _first_that_reads(kinds, value if given else True)
    return faults


def validate(faults: Mapping[str, object], catalogue: Mapping[str, FaultKind]) -> dict[str, FaultValue]:
    """The faults with their values read; False where one is switched off. Raises FaultError."""
    for name in faults:
        if name not in catalogue:
            raise _unknown(name, catalogue)
    return {name: _read(catalogue[name], value) for name, value in faults.items()}


class FaultSwitches:
    """Which faults of one vendor or receiver are on."""

    def __init__(self, catalogue: Mapping[str, FaultKind]) -> None:
        self.catalogue = catalogue
        self._on: dict[str, FaultValue] = {}

    def merge(self, faults: Mapping[str, object]) -> None:
        """Switch these on (or off, where the value is False); all or none of them. Raises FaultError."""
        for name, value in validate(faults, self.catalogue).items():
            self._on.pop(name, None)
            if value is not False:
                self._on[name] = value

    def clear(self, name: str | None = None) -> None:
        """Switch one off, or all."""
        if name is None:
            self._on.clear()
            return
        validate({name: False}, self.catalogue)
        self._on.pop(name, None)

    def is_on(self, name: str) -> bool:
        """Whether it is on at all."""
        return name in self._on

    def number(self, name: str) -> float | None:
        """Its numeric value; None when it is off or no number."""
        value = self._on.get(name)
        return float(value) if isinstance(value, (int, float)) else None

    def text(self, name: str) -> str | None:
        """Its value as text; None when it is off."""
        return None if name not in self._on else str(self._on[name])

    def active(self) -> dict[str, FaultValue]:
        """Everything that is on."""
        return dict(self._on)


def _read(kind: FaultKind, value: object) -> FaultValue:
    word = value.strip().lower() if isinstance(value, str) else value
    if word is False or word is None or word in ("off", "false"):
        return False
    if word is True or word in ("", "on", "true"):
        return kind.default
    try:
        return kind.read(value)
    except FaultError as err:
        raise FaultError(f"{kind.name} {err}, not {value!r}") from None


def _first_that_reads(kinds: list[FaultKind], value: object) -> FaultValue:
    for kind in kinds[:-1]:
        try:
            return _for_the_wire(_read(kind, value), value)
        except FaultError:
            continue
    return _for_the_wire(_read(kinds[-1], value), value)


def _for_the_wire(read: FaultValue, given: object) -> FaultValue:
    """A bare name stays True, so that each target fills in its own default."""
    return True if given is True else read


def _unknown(name: str, catalogue: Mapping[str, FaultKind]) -> FaultError:
    return FaultError(f"unknown fault {name!r}; valid: {', '.join(catalogue)}")
