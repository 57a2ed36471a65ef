"""Neighbouring windows share nothing: what one of them counts, no other counts again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from how_many import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.model import Window
from metrics.store.rollup.plan import Known, Span, plan, tier_of
from metrics.store.rollup.tiers import DAY, FIVE_MINUTES, HOUR, SLOT, TIERS, Source, slot_of, slot_start

DAYS = 3
MINUTE = timedelta(minutes=1)
FIRST = slot_of(datetime(2026, 10, 24, tzinfo=UTC))
LAST = FIRST + DAYS * DAY.slots
SLOTS = st.integers(FIRST, LAST)


def known(
    raw_from: int | None, kept: dict[str, int] | None = None, until: int = LAST, dirty: tuple[int, ...] = ()
) -> Known:
    """A store whose tiers are kept from those slots on (FIRST where nothing is said), and rolled up until that one."""
    kept = {tier.suffix: (kept or {}).get(tier.suffix, FIRST) for tier in TIERS}
    ends = {tier.suffix: until // tier.slots * tier.slots for tier in TIERS}
    return Known(
        {
            tier.suffix: np.array(sorted({slot // tier.slots * tier.slots for slot in dirty}), np.int64)
            for tier in TIERS
        },
        {tier: (first, ends[tier]) for tier, first in kept.items()},
        raw_from,
        kept,
    )


@st.composite
def stores(draw: st.DrawFn) -> Known:
    """Any store: forgotten from anywhere on, rolled up to anywhere."""
    kept = {tier.suffix: draw(SLOTS) for tier in TIERS}
    return known(draw(st.none() | SLOTS), kept, draw(SLOTS), tuple(draw(st.lists(SLOTS, max_size=4))))


def answered(spans: tuple[Span, ...], store: Known) -> NDArray[np.int64]:
    """How often the spans answer for each minute: raw rows where they are kept, the whole of each bucket."""
    found = np.zeros(DAYS * 1440, np.int64)
    for span in spans:
        if span.source is Source.RAW:
            first = max(minutes(span.start), minutes(slot_start(store.raw_from or FIRST)))
            found[first : minutes(span.end)] += 1
            continue
        tier = tier_of(span.source)
        for slot in range(slot_of(span.start), slot_of(span.end), tier.slots):
            found[minutes(slot_start(slot)) : minutes(slot_start(slot + tier.slots))] += 1
    return found


def minutes(at: datetime) -> int:
    return (at - slot_start(FIRST)) // MINUTE


def at(minute: int) -> datetime:
    return slot_start(FIRST) + minute * MINUTE


@settings(max_examples=examples(100), deadline=None)
@given(stores(), st.lists(st.integers(0, DAYS * 1440), min_size=3, max_size=5, unique=True).map(sorted))
def test_nothing_counts_in_two_windows_that_follow_one_another(store: Known, edges: list[int]) -> None:
    windows = [Window(at(start), at(end)) for start, end in pairwise(edges)]
    counted = sum(answered(plan(store, window), store) for window in windows)
    assert np.max(counted) <= 1
    assert (answered(plan(store, Window(at(edges[0]), at(edges[-1]))), store) <= counted).all()


@settings(max_examples=examples(50), deadline=None)
@given(stores())
@example(known(None, dict.fromkeys((tier.suffix for tier in TIERS), LAST - DAY.slots), FIRST + DAY.slots))
@example(known(None, dict.fromkeys((tier.suffix for tier in TIERS), LAST), FIRST))
def test_a_window_as_long_as_there_are_dates_is_planned_like_that_of_all_there_is(store: Known) -> None:
    ever = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    spans = plan(store, ever)
    assert (spans[0].start, spans[-1].end) == (ever.start, ever.end)
    inner = plan(store, Window(at(0), at(DAYS * 1440)))
    np.testing.assert_array_equal(answered(spans, store), answered(inner, store))


@pytest.mark.parametrize("days", [timedelta(days=one) for one in (0, -900, 900)])
def test_where_nothing_is_known_raw_rows_answer(days: timedelta) -> None:
    nothing = Known({tier.suffix: np.zeros(0, np.int64) for tier in TIERS}, {}, None, {})
    month = Window(at(0) + days, at(0) + days + timedelta(days=30))
    for store in (nothing, known(None)) if days else (nothing,):
        spans = plan(store, month)
        assert {span.source for span in spans} == {Source.RAW}
        assert (spans[0].start, spans[-1].end) == (month.start, month.end)


@pytest.mark.parametrize("length", [timedelta(), timedelta(days=-3)])
def test_an_empty_window_has_nothing_to_answer_for(length: timedelta) -> None:
    start = slot_start(FIRST)
    assert answered(plan(known(None), Window(start, start + length)), known(None)).sum() == 0


def test_an_hour_that_has_lost_raw_rows_belongs_to_the_window_that_it_begins_in() -> None:
    store = known(raw_from=FIRST + 6, kept={FIVE_MINUTES.suffix: LAST})
    edge = slot_start(FIRST) + timedelta(minutes=43)
    before, after = Window(slot_start(FIRST), edge), Window(edge, slot_start(FIRST + 24))
    assert plan(store, before) == (Span(Source.HOUR, before.start, slot_start(FIRST + 9)),)
    assert plan(store, after) == (
        Span(Source.RAW, edge, edge), Span(Source.HOUR, slot_start(FIRST + 12), slot_start(FIRST + 24))
    )  # fmt: skip


def test_five_minutes_without_raw_rows_belong_to_the_window_that_they_begin_in() -> None:
    store = known(raw_from=LAST)
    edge = slot_start(FIRST + 30) + MINUTE
    before, after = Window(edge - 2 * SLOT, edge), Window(edge, edge + 2 * SLOT)
    assert [span.source for span in plan(store, before)] == [Source.RAW, Source.FIVE_MINUTES]
    assert (answered(plan(store, before), store) + answered(plan(store, after), store)).max() == 1
    assert answered(plan(store, Window(before.start, after.end)), store).sum() == 20


def test_where_raw_rows_are_kept_every_minute_of_a_window_is_answered_once() -> None:
    store = known(raw_from=None, until=LAST - 3, dirty=(FIRST + 20, FIRST + 400))
    window = Window(at(7), at(DAYS * 1440 - 3))
    counted = answered(plan(store, window), store)
    assert (counted[minutes(window.start) : minutes(window.end)] == 1).all()
    assert counted.sum() == minutes(window.end) - minutes(window.start)
    assert HOUR.source in {span.source for span in plan(store, window)}
