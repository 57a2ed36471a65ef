"""Latencies and failures of made-up series whose incidents are known, second by second.

Everything of a series is drawn from one stream of random numbers that its family, index and seed decide, so the same
three make the same series everywhere. Times are seconds since the epoch, latencies milliseconds. `shift` widens the
ranges that parameters are drawn from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

DAY: Final = 86_400
HOUR: Final = 3_600
FAMILIES: Final = (
    "flat", "daily", "weekend", "batch", "drift", "shift", "dirty", "spiky", "sparse", "dst", "cold", "night"
)  # fmt: skip
_SUMMER: Final = datetime(2025, 6, 2, tzinfo=UTC)
_APART_S: Final = 10 * HOUR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Incident = tuple[int, int, str]
"""First second, the second after the last, what kind."""


@dataclass(frozen=True, slots=True)
class Synthetic:
    """One series and the truth about it."""

    name: str
    family: str
    zone: str
    step_s: int
    start: int
    end: int
    at: Ints
    ms: Floats
    ok: NDArray[np.bool_]
    truth: list[Incident]


def latencies(seed: int, per_family: int, shift: float = 0.0) -> Iterator[Synthetic]:
    """Series of successful probes, of every family so many: 42 days of probes a minute, mostly."""
    for family in FAMILIES:
        for index in range(per_family):
            yield _Latency.of(family, index, seed, shift).series(seed, index)


def failures(seed: int, count: int) -> Iterator[Synthetic]:
    """Series of probes that pass or fail: 21 days, a probe a minute."""
    for index in range(count):
        yield _failing(index, seed)


class _Draw:
    """The stream of one series."""

    def __init__(self, *key: object) -> None:
        digest = hashlib.sha256(repr(key).encode()).digest()
        self.random = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "big")))

    def between(self, low: float, high: float) -> float:
        return float(low + (high - low) * self.random.random())

    def likely(self, chance: float) -> bool:
        return bool(self.random.random() < chance)


@dataclass
class _Latency:
    """A series while it is made; what is drawn, and in which order, makes it the one that it is."""

    family: str
    shift: float
    draw: _Draw
    zone: str
    step: int
    days: int
    at: Ints
    level: Floats = field(default_factory=lambda: np.zeros(0))
    """ln(ms) at each probe."""
    profile: Floats = field(default_factory=lambda: np.zeros(0))
    """How much of its afternoon each instant has, 0 … 1."""
    height: float = 0.0
    truth: list[Incident] = field(default_factory=list)

    @classmethod
    def of(cls, family: str, index: int, seed: int, shift: float) -> _Latency:
        draw = _Draw(family, index, seed)
        days, step = (3 if family == "cold" else 42), (300 if family == "sparse" else 60)
        start, zone = _SUMMER + timedelta(days=int(draw.between(0, 28))), "UTC"
        if family == "dst":
            zone = ("Europe/Berlin", "America/New_York")[draw.likely(0.5)]
            start = datetime(2025, 10, 1, tzinfo=UTC) if draw.likely(0.5) else datetime(2025, 3, 3, tzinfo=UTC)
        at = int(start.timestamp()) + np.arange(days * DAY // step) * step
        made = cls(family, shift, draw, zone, step, days, at)
        made._rhythm()
        made._noise()
        made._for_good()
        made._polluted()
        made._incidents()
        return made

    @property
    def _since(self) -> Ints:
        return self.at - self.at[0]

    def _rhythm(self) -> None:
        draw, family = self.draw, self.family
        local = self.at + _offsets(self.at, self.zone)
        hour, weekday = (local % DAY) / 3600.0, (local // DAY + 3) % 7
        day = local // DAY - local[0] // DAY
        base = np.exp(draw.between(np.log(40), np.log(900)))
        self.height = self._drawn_height()
        peak, width = draw.between(10, 17), draw.between(3.0, 5.5)
        away = np.minimum(np.abs(hour - peak), 24 - np.abs(hour - peak))
        self.profile = np.exp(-0.5 * (away / width) ** 2)
        if family == "dst":
            opens, closes = 8 + draw.between(-1, 1), 18 + draw.between(-1, 1)
            self.profile = 1 / (1 + np.exp(-(hour - opens) * 4)) - 1 / (1 + np.exp(-(hour - closes) * 4))
        daily = 1 + (0.08 + 0.05 * self.shift) * draw.random.standard_normal(int(day.max()) + 1)
        self.level = np.log(base) + self.height * self.profile * daily[day]
        if family in ("weekend", "dst", "night", "sparse"):
            self.level -= np.where(weekday >= 5, draw.between(0.5, 0.95) * self.height * self.profile, 0)
        if family == "batch":
            self._batches(hour, weekday)
        if family == "drift":
            self.level += draw.between(0.004, 0.010 + 0.004 * self.shift) * self._since / DAY

    def _drawn_height(self) -> float:
        height = 0.0
        if self.family != "flat":
            height = self.draw.between(0.35, 0.9) + 0.15 * self.shift * float(self.draw.random.random())
        return self.draw.between(0.8, 1.3) if self.family == "night" else height

    def _batches(self, hour: Floats, weekday: Ints) -> None:
        """Every night and once a week: recurring, so not incidents."""
        draw = self.draw
        begins = int(draw.between(0, 6))
        self.level += np.where((hour >= begins) & (hour < begins + 0.75), draw.between(0.5, 1.0), 0)
        day, at = int(draw.between(0, 7)), draw.between(1, 22)
        self.level += np.where((weekday == day) & (hour >= at) & (hour < at + 1.5), draw.between(0.6, 1.1), 0)

    def _noise(self) -> None:
        draw, count = self.draw, len(self.at)
        tau, width = draw.between(20, 120) * 60, draw.between(0.04, 0.10) * (1 + 0.3 * self.shift)
        points = count * self.step // 300 + 2
        stays = np.exp(-300 / tau)
        pushes = draw.random.standard_normal(points) * width * np.sqrt(1 - stays * stays)
        wander = np.empty(points)
        wander[0] = width * draw.random.standard_normal()
        for place in range(1, points):
            wander[place] = stays * wander[place - 1] + pushes[place]
        self.level += np.interp(self._since / 300.0, np.arange(points), wander)
        spiky = self.family == "spiky"
        spread = draw.between(0.20, 0.40) if spiky else draw.between(0.06, 0.20)
        self.level += spread * draw.random.standard_normal(count)
        slow = draw.between(0.015, 0.035 + 0.01 * self.shift) if spiky else draw.between(0.002, 0.010)
        self.level += np.where(draw.random.random(count) < slow, draw.random.exponential(0.9, count), 0)

    def _for_good(self) -> None:
        """A deploy that changes little, later one that changes much."""
        if self.family != "shift":
            return
        draw = self.draw
        small, large = draw.between(9, 13), draw.between(16, 24)
        self.level += np.where(self._since > small * DAY, draw.between(-0.10, 0.10), 0)
        jump = draw.between(0.45, 0.8) if draw.likely(0.6) else -draw.between(0.4, 0.7)
        begins = int(self.at[0]) + int(large * DAY)
        self.level += np.where(self.at >= begins, jump, 0)
        if jump > 0:
            self.truth.append((begins, begins + 6 * HOUR, "levelshift"))
            return
        back = begins + int(draw.between(6, 12) * DAY)
        end = back + int(draw.between(1, 5) * HOUR)
        self.level += np.where((self.at >= back) & (self.at < end), -jump, 0)
        self.truth.append((back, end, "oldlevel"))

    def _polluted(self) -> None:
        """Incidents that lie where later hours are learned from."""
        if self.family != "dirty":
            return
        draw, first = self.draw, int(self.at[0])
        begins = first + int(draw.between(5, 12) * DAY)
        end = begins + int(draw.between(8, 30) * HOUR)
        self.level += np.where((self.at >= begins) & (self.at < end), draw.between(0.6, 1.2), 0)
        self.truth.append((begins, end, "long"))
        hour, lasts, gain = draw.between(0, 22), int(draw.between(40, 120) * 60), draw.between(0.5, 0.9)
        day = int(draw.between(16, 24))
        for place in range(3):
            begins = first + (day + place) * DAY + int(hour * HOUR)
            self.level += np.where((self.at >= begins) & (self.at < begins + lasts), gain, 0)
            self.truth.append((begins, begins + lasts, "repeat"))

    def _incidents(self) -> None:
        draw = self.draw
        earliest = 0.3 if self.family == "cold" else 1.2
        left = 2 if self.family == "cold" else int(draw.between(6, 11))
        kinds = ["step", "ramp", "partial", "burst", *["context"] * self._context_weight]
        for _ in range(400):
            if not left:
                break
            begins = int(self.at[0]) + int(draw.between(earliest, self.days - 0.3) * DAY)
            kind = kinds[int(draw.random.random() * len(kinds))]
            lasts = self._lasts(kind)
            end = begins + int(lasts)
            if any(begins - _APART_S < until and end + _APART_S > since for since, until, _ in self.truth):
                continue
            label = self._strike(kind, begins, end, lasts)
            if label is not None:
                self.truth.append((label, end, kind))
                left -= 1

    @property
    def _context_weight(self) -> int:
        if self.family == "night":
            return 4
        return 1 if self.height > 0.3 else 0

    def _lasts(self, kind: str) -> float:
        ranges = {"step": (20, 240), "ramp": (60, 240), "partial": (30, 180), "burst": (10, 25), "context": (40, 150)}
        # Each is drawn, whichever is wanted: the stream goes on alike for all kinds.
        drawn = {name: self.draw.between(*bounds) for name, bounds in ranges.items()}
        lasts = drawn[kind] * 60
        return max(lasts, 40 * 60) if self.family == "sparse" else lasts

    def _strike(self, kind: str, begins: int, end: int, lasts: float) -> int | None:
        """Puts the incident in; where its label begins, or None when the place does not suit it."""
        draw, inside = self.draw, (self.at >= begins) & (self.at < end)
        gain = draw.between(0.35 - 0.05 * self.shift, 1.1)
        if kind == "context":
            night = self.profile[inside]
            if not len(night) or night.max() > 0.25 or (self.family != "flat" and self.height < 0.3):
                return None
            self.level[inside] += self.height * (1 - night)
        elif kind == "ramp":
            self.level[inside] += gain * 1.2 * (self.at[inside] - begins) / lasts
            return begins + int(lasts * min(0.6, 0.22 / (gain * 1.2)))
        elif kind == "partial":
            hit = draw.random.random(int(inside.sum())) < draw.between(0.35, 0.7)
            self.level[inside] += np.where(hit, draw.between(0.9, 1.6), 0)
        elif kind == "burst":
            self.level[inside] += draw.between(0.9, 2.0)
        else:
            self.level[inside] += gain
        return begins

    def series(self, seed: int, index: int) -> Synthetic:
        """With the probes that went missing, and the moments that they really came."""
        draw, count = self.draw, len(self.at)
        ms = np.exp(self.level)
        kept = draw.random.random(count) > (0.10 if self.family == "sparse" else 0.01)
        if self.family in ("sparse", "dirty"):
            for _ in range(2):
                off = int(self.at[0]) + int(draw.between(2, self.days - 1) * DAY)
                kept &= ~((self.at >= off) & (self.at < off + int(draw.between(2, 12) * HOUR)))
        late = (draw.random.random(count) * 0.2 * self.step).astype(np.int64)
        return Synthetic(
            name=f"syn{seed}_{self.family}_{index}",
            family=self.family,
            zone=self.zone,
            step_s=self.step,
            start=int(self.at[0]),
            end=int(self.at[-1] + self.step),
            at=(self.at + late)[kept],
            ms=np.round(ms[kept], 2),
            ok=np.ones(int(kept.sum()), np.bool_),
            truth=sorted(self.truth),
        )


def _offsets(at: Ints, zone: str) -> Any:
    """How far the clocks of the zone are ahead of UTC, seconds."""
    if zone == "UTC":
        return 0
    info, hours = ZoneInfo(zone), np.arange(at[0] // HOUR, at[-1] // HOUR + 2)
    moments = (datetime.fromtimestamp(int(hour) * HOUR, UTC).astimezone(info).utcoffset() for hour in hours)
    ahead = np.array([moment.total_seconds() if moment else 0 for moment in moments])
    return ahead[at // HOUR - hours[0]].astype(np.int64)


def _failing(index: int, seed: int) -> Synthetic:
    draw, count = _Draw("err", index, seed), 21 * 1440
    at = int(_SUMMER.timestamp()) + np.arange(count) * 60
    rate = np.full(count, np.exp(draw.between(np.log(0.0005), np.log(0.02))))
    hour = (at % DAY) / 3600
    if draw.likely(0.4):
        begins = int(draw.between(0, 5))
        rate = np.where((hour >= begins) & (hour < begins + 0.35), draw.between(0.15, 0.4), rate)
    truth: list[Incident] = []
    left, apart = int(draw.between(4, 9)), 360
    while left:
        first, lasts = int(draw.between(0.3, 20.7) * 1440), int(draw.between(8, 90))
        known = [((since - int(at[0])) // 60, (until - int(at[0])) // 60) for since, until, _ in truth]
        if any(first - apart < until and first + lasts + apart > since for since, until in known):
            continue
        share = draw.between(0.08, 0.35) if draw.likely(0.5) else draw.between(0.35, 1.0)
        lasts = max(lasts, 30) if share < 0.2 else lasts
        rate[first : first + lasts] = np.maximum(rate[first : first + lasts], share)
        truth.append((int(at[first]), int(at[min(count - 1, first + lasts)]), f"err{share:.2f}"))
        left -= 1
    ok = draw.random.random(count) >= rate
    return Synthetic(
        f"err{seed}_{index}",
        "errors",
        "UTC",
        60,
        int(at[0]),
        int(at[-1] + 60),
        at,
        np.full(count, 100.0),
        ok,
        sorted(truth),
    )
