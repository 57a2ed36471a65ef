"""An integration's series against what is normal for them, on its page."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from learned_world import HOUR, MINUTE, START, Probes, World, at, declared
from plotly.utils import PlotlyJSONEncoder

from app.dashboard.integration import PANELS
from app.dashboard.integration.look import look_at
from app.dashboard.normal import normal_panel
from app.dashboard.page import Visit
from app.dashboard.pages import integration
from app.dashboard.ranges import Range
from app.dashboard.view import HubStatus, View
from config.model import Config
from metrics.learning import LearnedLimits
from metrics.model import Window
from metrics.replay import rows
from metrics.store.database import Store

END = 30.0
VALUES = tuple(f"queue_{n}" for n in range(7))
STEPS = [{"name": rows.STEP, "request": {"path": "/"}, "record": {name: f"$.{name}" for name in VALUES}}]
CONFIG = declared("slow", "many", "new", "steady", steps=STEPS)


@dataclass(frozen=True, slots=True)
class Page:
    """The panel of a hub, at the end of what was measured."""

    view: View

    def panel(self, name: str, **query: str) -> Any:
        return normal_panel(self.view, name, Window.last(6 * HOUR, at(END)), query, Range(6 * HOUR))

    def told(self, name: str, **query: str) -> str:
        return text(self.panel(name, **query))

    def traces(self, name: str, **query: str) -> dict[str, tuple[list[datetime], Any]]:
        """Instants and values by the name of the line."""
        (chart,) = [node for node in nodes(self.told(name, **query)) if "figure" in node]
        return {trace["name"]: (instants(trace["x"]), column(trace["y"])) for trace in chart["figure"]["data"]}


def text(component: Any) -> str:
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def nodes(told: str) -> list[dict[str, Any]]:
    """Everything that has names, from the outside in."""

    def walk(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            yield node
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        for child in children:
            yield from walk(child)

    return list(walk(json.loads(told)))


def current(told: str) -> str:
    """The series that is marked as the one that is shown."""
    (found,) = [node for node in nodes(told) if node.get("aria-current")]
    return text(found)


def column(typed: dict[str, str]) -> Any:
    return np.frombuffer(base64.b64decode(typed["bdata"]), typed["dtype"])


def instants(typed: dict[str, str]) -> list[datetime]:
    return [datetime.fromtimestamp(ms / 1000, START.tzinfo) for ms in column(typed).tolist()]


@pytest.fixture(scope="module")
def filled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """`slow` and seven values of `many` are above their limits at the end; `new` has just been declared."""
    path = Path(shutil.copy(migrated, tmp_path_factory.mktemp("panel") / "leadline.duckdb"))
    store = Store.open(path)
    world = World(store)
    quiet = Probes.quiet(END)
    world.put({"slow": quiet.slower(END - 0.5, 1, 3), "steady": quiet, "many": quiet})
    for n, name in enumerate(VALUES):
        noise = np.exp(np.random.default_rng(n).normal(0, 0.05, int(END * 60)))
        world.record("many", name, lambda at_h, noise=noise: np.where(at_h > END - 0.5, 900.0, 100.0) * noise, END)
        world.record("slow", name, lambda at_h: 100 + at_h * 0, END)
    yield store
    store.close()


def view_of(store: Store, limits: LearnedLimits | None, config: Config = CONFIG) -> View:
    status = HubStatus(started_at=START, learned=limits)
    return View(store, config=lambda: config, clock=lambda: at(END), hub=lambda: status)


@pytest.fixture(scope="module")
def page(filled: Store) -> Page:
    """All of it is learned."""
    limits = LearnedLimits(filled)
    limits.catch_up(CONFIG, at(END))
    return Page(view_of(filled, limits))


def test_what_is_off_comes_first_and_says_what_is_usual_and_what_the_limit_is(page: Page) -> None:
    told = page.told("slow")
    assert "Against normal" in told
    first, *others = [row for row in nodes(told) if row.get("type") == "Tr" and "href" in text(row)]
    assert "replay / probe · local" in text(first)
    assert "above its limit" in text(first)
    assert all("above its limit" not in text(row) for row in others)
    shown = next(text(node) for node in nodes(told) if node.get("className") == "meta")
    assert all(part in shown for part in ("probe · local", "; usually ", " at this hour, limit "))


def test_the_chart_has_what_was_measured_over_usual_and_limit_and_24_hours_to_come(page: Page) -> None:
    traces = page.traces("slow")
    assert list(traces) == ["usual", "limit", "measured"]
    (hours, usual), (_, limit), (buckets, measured) = (traces[name] for name in traces)
    assert hours == sorted(set(hours))
    assert hours[-1] == START + (END + 23) * HOUR
    assert (buckets[0], buckets[-1]) == (START + (END - 6) * HOUR, START + END * HOUR - 5 * MINUTE)
    known = ~np.isnan(usual)
    assert (limit[known] > usual[known]).all()
    ahead = np.array([hour >= START + END * HOUR for hour in hours])
    assert known[ahead].sum() >= 20
    assert measured[0] < 180
    assert measured[-1] > 250


def test_a_chosen_series_is_shown_and_marked_as_such(page: Page) -> None:
    chosen = page.told("slow", normal="replay/local/queue_3/recorded")
    assert "queue_3" in current(chosen)
    _, usual = page.traces("slow", normal="replay/local/queue_3/recorded")["usual"]
    assert usual[~np.isnan(usual)] == pytest.approx(100.0, rel=0.01)


def test_a_series_that_there_is_none_of_shows_the_first(page: Page) -> None:
    assert page.traces("slow", normal="no/such/series/ttfb_ms").keys() == page.traces("slow").keys()
    assert page.told("slow", normal="../..") == page.told("slow")


def test_links_keep_the_range_of_the_page(page: Page) -> None:
    assert "/integration/slow?range=6h&normal=replay%2Flocal%2Fprobe%2Ftotal_ms" in page.told("slow")


def test_more_than_there_is_room_for_is_counted_and_what_is_off_among_it_too(page: Page) -> None:
    assert "and 2 more, 1 of them above its limit" in page.told("many")
    assert "and 2 more, all within their limits" in page.told("slow")


def test_the_chosen_series_has_its_row_however_far_down_it_stands(page: Page) -> None:
    told = page.told("many", normal="replay/local/probe/total_ms")
    assert "probe" in current(told)
    assert "and 1 more, 1 of them above its limit" in told


def test_what_is_quick_enough_is_not_marked(page: Page) -> None:
    assert "above its limit" not in page.told("steady")
    assert page.traces("steady")["measured"][1].max() < page.traces("steady")["limit"][1][0] * 1.5


def test_before_anything_is_known_it_says_so_and_draws_nothing(page: Page) -> None:
    told = page.told("new")
    assert "nothing is known yet" in told
    assert "Graph" not in told


@pytest.mark.parametrize("learns", [False, True], ids=["nobody learns", "a hub that has just started"])
def test_where_nothing_is_learned_there_is_no_panel(filled: Store, learns: bool) -> None:
    view = view_of(filled, LearnedLimits(filled) if learns else None)
    panel = Page(view).panel("slow")
    assert (panel.hidden, panel.children) == (True, None)


def test_it_stands_on_the_page_of_its_integration(page: Page) -> None:
    visit = Visit({"name": "slow"}, {"range": "6h"})
    look = look_at(page.view, visit)
    assert look is not None
    assert "Against normal" in text(integration.render(page.view, visit))
    assert "normal-chart" in text(PANELS["normal"].content(look))
