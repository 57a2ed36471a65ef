from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from app.dashboard.cache import Shared


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_many_viewers_cost_one_query_until_the_answer_is_old() -> None:
    clock, asked = Clock(), []
    shared = Shared(clock, timedelta(seconds=2))
    for _ in range(5):
        assert shared.get("overview", lambda: asked.append(1) or len(asked)) == 1
    clock.now += timedelta(seconds=2)
    assert shared.get("overview", lambda: asked.append(1) or len(asked)) == 2


def test_viewers_who_come_while_a_query_runs_wait_for_it() -> None:
    shared, started, release, asked = Shared(Clock(), timedelta(seconds=2)), threading.Event(), threading.Event(), []

    def slow() -> int:
        asked.append(1)
        started.set()
        assert release.wait(10)
        return 42

    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(shared.get("x", slow))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert started.wait(10)
    release.set()
    for thread in threads:
        thread.join(10)
    assert (answers, len(asked)) == ([42] * 8, 1)


def test_a_failed_question_is_asked_again() -> None:
    shared = Shared(Clock(), timedelta(seconds=2))
    with pytest.raises(ZeroDivisionError):
        shared.get("x", lambda: 1 // 0)
    assert shared.get("x", lambda: 7) == 7


def test_what_is_kept_does_not_grow_without_end() -> None:
    shared = Shared(Clock(), timedelta(seconds=2))
    for i in range(2_000):
        shared.get(i, lambda: 1)
    assert len(shared._slots) <= 256
