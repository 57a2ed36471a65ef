"""Who does not hear of an incident, and that whoever should does once it is told again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from alerts.engine import Engine
from alerts.model import MutedBy, Rule, Silence, Tier
from alerts.muting import MutingScene, covers, mutings, preview, silence_covers
from alerts.store import acknowledge, audit_log, open_incidents, outbox, timeline
from alerts.store.mutings import mutings_of, standing_mutings
from alerts.store.silences import InvalidSilence, add_silence, check, end_silence, every_silence, silences
from config.model import Config, Maintenance, QuietHours, Route
from config.windows import Span
from metrics.store.database import Store

ROUTE = Route(urgent=("pager",), degraded=("slack",), report=("mail",))
HUBSPOT: dict[str, tuple[str, ...]] = {"integration": ("hubspot",)}


class Life:
    """One store, an engine on it, and what happens at which minute."""

    def __init__(self, store: Store, world: Any, **alerting: Any) -> None:
        self.store, self.world, self.engine = store, world, Engine(store)
        plain = world.config(world.hubspot(quota={"reserve": "20%"}), routes=(ROUTE,))
        self.config: Config = plain.model_copy(update={"alerting": plain.alerting.model_copy(update=alerting)})

    def at(self, minute: float) -> datetime:
        at: datetime = self.world.T0 + timedelta(minutes=minute)
        return at

    def down(self, minute: float, *more: Any) -> None:
        self.seen(minute, self.world.region(minute, failing=2 + int(minute)), *more)

    def good(self, minute: float, *more: Any) -> None:
        self.seen(minute, self.world.region(minute), *more)

    def low(self, minute: float) -> None:
        """What can wait: a quota that runs low."""
        self.good(minute, self.world.quota(0.05, minute))

    def seen(self, minute: float, region: Any, *more: Any) -> None:
        self.engine.apply(self.world.seen(minute, self.world.workflow(region), *more), self.config).result()

    def silence(self, begin: float, end: float, match: dict[str, tuple[str, ...]] | None = None) -> str:
        made = Silence(match or HUBSPOT, self.at(begin), self.at(end), "ada", "upgrade", created_at=self.at(begin))
        return add_silence(self.store, made).result()

    @property
    def told(self) -> list[tuple[str, str]]:
        """Channel and action of every message that was not overtaken, in order."""
        rows = reversed(self.store.read(lambda con: outbox(con, 1000)))
        return [(row.channel, str(row.action)) for row in rows if row.state != "superseded"]

    @property
    def notes(self) -> list[str]:
        rows = self.store.read(lambda con: con.execute("SELECT note FROM outbox ORDER BY notification_id").fetchall())
        return [row[0] for row in rows]

    def events(self, *kinds: str) -> list[tuple[str, str]]:
        (found,) = self.store.read(lambda con: con.execute("SELECT incident_id FROM incidents").fetchall())
        return [(e.kind, e.note) for e in self.store.read(lambda con: timeline(con, found[0])) if e.kind in kinds]


@pytest.fixture(scope="module")
def opened() -> Iterator[Store]:
    """One store in memory for all tests, because making the tables takes a tenth of a second."""
    found = Store.open(None)
    yield found
    found.close()


@pytest.fixture
def store(opened: Store) -> Store:
    """The same, empty."""

    def empty(con: DuckDBPyConnection) -> None:
        for table in ("incidents", "incident_events", "outbox", "mutings", "silences", "audit"):
            con.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours

    opened.write(empty).result()
    return opened


@pytest.fixture
def life(store: Store, world: Any) -> Life:
    return Life(store, world)


def test_a_muted_incident_is_recorded_and_told_once_when_the_silence_ends(life: Life) -> None:
    named = life.silence(-10, 30)
    life.down(0)
    life.down(10)
    assert life.told == []
    assert life.events("opened", "muted")[1:] == [
        ("muted", f"muted by silence {named} of ada (upgrade) until 2026-11-22 03:30 UTC")
    ]
    life.down(30)
    life.down(31)
    assert life.told == [("pager", "trigger"), ("slack", "trigger")]
    assert set(life.notes) == {f"was muted by silence {named} of ada (upgrade) until 2026-11-22 03:30 UTC"}
    assert [kind for kind, _ in life.events("muted", "unmuted")] == ["muted", "unmuted"]


def test_a_silence_that_is_ended_early_ends_at_once(life: Life) -> None:
    named = life.silence(-10, 300)
    life.down(0)
    assert end_silence(life.store, named, "bob", life.at(5)).result() is True
    assert end_silence(life.store, named, "eve", life.at(6)).result() is False
    life.down(5)
    assert life.told == [("pager", "trigger"), ("slack", "trigger")]
    assert "until 2026-11-22 03:05 UTC" in life.notes[0]
    done = [(row.who, row.action, row.subject) for row in life.store.read(audit_log)]
    assert done == [("bob", "silence.end", named), ("ada", "silence.add", named)]


def test_a_hub_that_starts_in_between_tells_all_the_same_and_once(world: Any, store_path: Any) -> None:
    first = Store.open(store_path)
    life = Life(first, world)
    life.silence(-1, 10)
    life.down(0)
    first.close()
    second = Store.open(store_path)
    try:
        again = Life(second, world)
        again.down(5)
        assert again.told == []
        again.down(11)
        again.down(12)
        assert again.told == [("pager", "trigger"), ("slack", "trigger")]
    finally:
        second.close()


def test_whoever_was_told_hears_of_the_end_although_it_is_muted_by_then(life: Life) -> None:
    life.down(0)
    life.silence(1, 60)
    life.down(2, life.world.burning(life.world.page_fast))
    life.good(5)
    assert life.told == [("pager", "trigger"), ("slack", "trigger"), ("pager", "resolve"), ("slack", "resolve")]


def test_nobody_hears_of_what_began_and_ended_while_it_was_muted(life: Life) -> None:
    life.silence(-1, 60)
    life.down(0)
    life.good(5)
    life.good(90)
    assert life.told == []
    assert life.store.read(standing_mutings) == {}
    assert [kind for kind, _ in life.events("opened", "muted", "resolved")] == ["opened", "muted", "resolved"]


def test_a_silence_that_hides_nothing_new_tells_nothing_new_when_it_ends(life: Life) -> None:
    life.down(0)
    before = life.told
    life.silence(1, 5)
    life.down(2)
    life.down(6)
    assert life.told == before
    assert [kind for kind, _ in life.events("muted", "unmuted")] == ["muted", "unmuted"]


def test_what_was_withheld_of_an_incident_that_people_know_updates_and_pages_nobody_again(life: Life) -> None:
    life.down(0)
    life.silence(1, 5)
    life.down(2, life.world.burning(life.world.page_fast))
    life.down(6, life.world.burning(life.world.page_fast))
    assert life.told == [("pager", "trigger"), ("slack", "trigger"), ("slack", "update")]


def test_what_gets_louder_under_a_silence_stays_muted_and_the_timeline_says_so(life: Life) -> None:
    life.silence(-1, 60)
    life.low(0)
    life.down(3, life.world.quota(0.05, 3))
    assert life.told == []
    assert [note.split(" silence")[0] for _, note in life.events("muted")] == ["muted by", "louder, but still muted by"]
    life.down(61, life.world.quota(0.05, 61))
    assert life.told == [("pager", "trigger"), ("slack", "trigger")]


def test_a_silence_of_one_thing_does_not_hide_another_thing_of_the_same_integration(life: Life) -> None:
    life.silence(-1, 60, {"integration": ("hubspot",), "rule": ("quota_*",)})
    life.low(0)
    assert life.told == []
    life.down(3, life.world.quota(0.05, 3))
    assert life.told == [("pager", "trigger"), ("slack", "trigger")]


def test_what_somebody_has_taken_meanwhile_wakes_nobody_when_the_silence_ends(life: Life) -> None:
    life.silence(-1, 10)
    life.down(0)
    (found,) = life.store.read(open_incidents)
    assert acknowledge(life.store, found.incident_id, "ada", life.at(5)).result()
    life.down(11)
    assert life.told == [("slack", "trigger")]


def test_the_reason_is_kept_with_what_was_withheld(life: Life) -> None:
    life.silence(-1, 10)
    life.down(0)
    life.down(11)
    (found,) = life.store.read(open_incidents)
    (kept,) = life.store.read(lambda con: mutings_of(con, found.incident_id))
    assert (kept.muting.reason, kept.muting.until, kept.withheld) == (MutedBy.SILENCE, life.at(10), 1)
    assert (kept.began_at, kept.ended_at) == (life.at(0), life.at(11))


class TestQuietHours:
    """03:00 UTC, when everything happens here, is 04:00 in Berlin."""

    HOURS = QuietHours.model_validate({"from": "22:00", "to": "04:30", "time_zone": "Europe/Berlin"})

    @pytest.fixture
    def night(self, store: Store, world: Any) -> Life:
        return Life(store, world, quiet_hours=(self.HOURS,))

    def test_what_can_wait_is_told_when_they_end(self, night: Life) -> None:
        night.low(0)
        night.low(29)
        assert night.told == []
        night.low(30)
        night.low(31)
        assert night.told == [("slack", "trigger")]
        assert night.notes == ["was muted by quiet hours 22:00–04:30 Europe/Berlin until 2026-11-22 03:30 UTC"]

    def test_what_cannot_wait_does_not(self, night: Life) -> None:
        night.down(0)
        assert night.told == [("pager", "trigger"), ("slack", "trigger")]

    def test_what_cannot_wait_any_more_does_not(self, night: Life) -> None:
        night.low(0)
        night.down(3, night.world.quota(0.05, 3))
        night.down(40, night.world.quota(0.05, 40))
        assert night.told == [("pager", "trigger"), ("slack", "trigger")]

    def test_unless_they_say_so(self, store: Store, world: Any) -> None:
        deaf = self.HOURS.model_copy(update={"mute_urgent": True})
        night = Life(store, world, quiet_hours=(deaf,))
        night.down(0)
        assert night.told == []
        night.down(30)
        assert night.told == [("pager", "trigger"), ("slack", "trigger")]

    def test_what_is_over_by_then_is_one_line(self, night: Life) -> None:
        night.low(0)
        night.good(10, night.world.quota(0.9, 10))
        night.good(29, night.world.quota(0.9, 29))
        assert night.told == []
        night.good(30, night.world.quota(0.9, 30))
        night.good(31, night.world.quota(0.9, 31))
        assert night.told == [("slack", "resolve")]
        assert night.store.read(standing_mutings) == {}

    def test_the_end_of_what_was_told_before_does_not_wait(self, night: Life) -> None:
        night.low(-420)
        night.good(0, night.world.quota(0.9, 0))
        assert night.told == [("slack", "trigger"), ("slack", "resolve")]

    def test_an_incident_that_people_know_is_not_muted_by_the_night_alone(self, night: Life) -> None:
        night.low(-420)
        night.low(0)
        assert night.events("muted") == []

    def test_a_route_of_its_own_can_do_without(self, store: Store, world: Any) -> None:
        night = Life(store, world, quiet_hours=(self.HOURS,), routes=(ROUTE.model_copy(update={"quiet_hours": ()}),))
        night.low(0)
        assert night.told == [("slack", "trigger")]

    def test_of_two_routes_only_the_quiet_one_waits(self, store: Store, world: Any) -> None:
        awake = Route.model_validate({"degraded": ["mail"], "continue": True, "quiet_hours": []})
        night = Life(store, world, quiet_hours=(self.HOURS,), routes=(awake, ROUTE))
        night.low(0)
        night.low(10)
        assert night.told == [("mail", "trigger")]
        night.low(30)
        assert night.told == [("mail", "trigger"), ("mail", "update"), ("slack", "trigger")]

    def test_the_end_of_a_silence_at_night_waits_for_the_morning(self, night: Life) -> None:
        night.silence(-1, 10)
        night.low(0)
        night.low(11)
        assert night.told == []
        night.low(30)
        assert night.told == [("slack", "trigger")]


def window(**more: Any) -> Maintenance:
    return Maintenance.model_validate({"name": "weekly", "match": {"vendor": "generic"}, **more})


def test_a_maintenance_window_mutes_and_what_goes_on_after_it_is_told(store: Store, world: Any) -> None:
    # Sunday 19:00 in Los Angeles is Sunday 03:00 UTC of the next day: 2026-11-22 is a Sunday, so Saturday 19:00.
    weekly = window(cron="0 19 * * sat", lasts="90m", time_zone="America/Los_Angeles")
    life = Life(store, world, maintenance=(weekly,))
    life.down(0)
    life.down(89)
    assert life.told == []
    assert life.events("muted") == [("muted", "muted by maintenance weekly until 2026-11-22 04:30 UTC")]
    life.down(90)
    assert life.told == [("pager", "trigger"), ("slack", "trigger")]


def test_what_recovers_as_its_maintenance_ends_pages_nobody(store: Store, world: Any) -> None:
    life = Life(store, world, maintenance=(window(start="2026-11-22T02:00", end="2026-11-22T03:10"),))
    life.down(0)
    life.seen(9, world.region(9, good=1))
    life.seen(10, world.region(9, good=1))
    life.seen(10.5, world.region(10.5, good=2))
    assert life.told == []
    assert life.store.read(open_incidents) == ()


def test_what_does_not_recover_after_all_is_told(store: Store, world: Any) -> None:
    life = Life(store, world, maintenance=(window(start="2026-11-22T02:00", end="2026-11-22T03:10"),))
    life.down(0)
    life.seen(10, world.region(9, good=1))
    assert life.told == []
    life.down(11)
    assert life.told == [("pager", "trigger"), ("slack", "trigger")]
    assert "until 2026-11-22 03:10 UTC" in life.notes[0]


def test_what_nobody_can_tell_is_told_in_the_end(store: Store, world: Any) -> None:
    life = Life(store, world, maintenance=(window(start="2026-11-22T02:00", end="2026-11-22T03:10"),))
    life.down(0)
    for minute in (10, 19):
        life.engine.apply(world.seen(minute), life.config).result()
        assert life.told == []
    life.engine.apply(world.seen(20), life.config).result()
    assert life.told == [("pager", "trigger"), ("slack", "trigger")]


def test_an_entry_of_a_calendar_mutes_and_is_named(store: Store, world: Any) -> None:
    life = Life(store, world, maintenance=(window(calendar="https://example.com/vendor.ics"),))
    entry = Span(life.at(-5), life.at(5), "Database move")
    life.engine = Engine(store, lambda: {"weekly": (entry,)})
    life.down(0)
    assert life.events("muted") == [("muted", "muted by maintenance weekly (Database move) until 2026-11-22 03:05 UTC")]
    life.down(5)
    assert life.told == [("pager", "trigger"), ("slack", "trigger")]


def test_two_that_follow_one_another_mute_without_a_gap(store: Store, world: Any) -> None:
    life = Life(store, world, maintenance=(window(start="2026-11-22T02:00", end="2026-11-22T03:10"),))
    life.silence(5, 20)
    life.down(0)
    life.down(7)
    life.down(15)
    assert life.told == []
    life.down(20)
    assert life.told == [("pager", "trigger"), ("slack", "trigger")]


def silence_of(**match: str | tuple[str, ...]) -> Silence:
    listed = {key: (value,) if isinstance(value, str) else value for key, value in match.items()}
    at = datetime.fromisoformat("2026-11-22T03:00+00:00")
    return Silence(listed, at, at + timedelta(hours=1), "ada", "upgrade", "s-1")


@pytest.mark.parametrize(
    ("match", "covered"),
    [
        ({"integration": "hubspot"}, True),
        ({"integration": "hub*"}, True),
        ({"integration": ("marketo", "h?bspot")}, True),
        ({"integration": "Hubspot"}, False),
        ({"integration": "hub"}, False),
        ({"subject": "hubspot", "kind": "integration"}, True),
        ({"vendor": "generic", "owner": "growth"}, True),
        ({"vendor": "generic", "owner": "sales"}, False),
        ({"flow": "lead-routing"}, True),
        ({"flow": "billing"}, False),
        ({"tier": "important", "environment": "production"}, True),
        ({"rule": "workflow_down"}, True),
        ({"rule": "burn_rate"}, False),
        ({"workflow": "contact-roundtrip"}, True),
        ({"region": "local"}, False),
        ({"region": ("local", "eu")}, True),
        ({"region": "*"}, True),
    ],
)
def test_a_silence_covers_what_all_of_its_matchers_fit(world: Any, match: Any, covered: bool) -> None:
    """The incident is seen from local and from eu."""
    incident = world.incident(world.condition(regions=("local", "eu")))
    assert covers(silence_of(**match), incident, world.config()) is covered


def test_an_incident_of_a_flow_is_not_covered_by_one_of_its_integrations(world: Any) -> None:
    flow = {"name": "leads", "objectives": [{"sli": "availability", "target": "99%"}]}
    shops = [world.integration(name, flows=["leads"]) for name in ("hubspot", "marketo")]
    plain = world.config(*shops)
    config = plain.model_copy(update={"settings": plain.settings.model_validate({"flows": [flow]})})
    incident = world.incident(world.condition(subject="flow:leads", workflow=None, regions=()))
    assert not covers(silence_of(integration="hubspot"), incident, config)
    assert covers(silence_of(integration=("hubspot", "marketo")), incident, config)
    assert covers(silence_of(flow="leads"), incident, config)


def test_silences_that_together_cover_all_that_is_wrong_mute(world: Any) -> None:
    low = world.condition(key="hubspot/quota_low", rule=Rule.QUOTA_LOW, tier=Tier.DEGRADED, regions=())
    incident = world.incident(world.condition(), low)
    of_down, of_low = silence_of(rule="workflow_down"), silence_of(rule="quota_low")
    at = world.T0

    def found(*made: Silence) -> dict[str, Any]:
        return mutings(MutingScene(at, world.config(), silence_covers(made, at), (incident,)))

    assert found(of_down) == found(of_low) == {}
    assert found(of_down, of_low)[incident.incident_id].reason is MutedBy.SILENCE


def test_a_preview_says_what_it_would_mute_and_whom_it_covers(world: Any) -> None:
    config = world.config(world.hubspot(), world.integration("marketo"))
    open_now = (world.incident(), world.incident(world.condition(subject="marketo"), incident_id="m"))
    found = preview(silence_of(integration="hub*"), open_now, config)
    assert ([one.subject for one in found.incidents], found.integrations) == (["hubspot"], ("hubspot",))
    assert preview(silence_of(vendor="generic", region="mars"), open_now, config).integrations == ()
    assert preview(silence_of(rule="burn_rate"), open_now, config).integrations == ("hubspot", "marketo")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"match": {}}, "needs a matcher"),
        ({"match": {"integration": ("*",), "vendor": ("**",)}}, "would mute everything"),
        ({"match": {"integraton": ("x",)}}, 'unknown matcher "integraton" (did you mean "integration"?)'),
        ({"match": {"integration": ()}}, "has no value"),
        ({"ends_at": datetime.fromisoformat("2026-11-22T03:00+00:00")}, "has to end after its start"),
        ({"ends_at": datetime.fromisoformat("2026-12-22T03:01+00:00")}, "at most 30 days"),
        ({"author": " "}, "needs an author"),
        ({"comment": ""}, "needs a comment"),
    ],
)
def test_a_silence_that_may_not_be_is_refused_with_the_remedy(change: dict[str, Any], said: str) -> None:
    made = replace(silence_of(integration="hubspot"), **change)
    with pytest.raises(InvalidSilence) as refused:
        check(made, made.starts_at)
    assert said in str(refused.value)


def test_silences_that_are_over_stay_on_record(life: Life) -> None:
    first, second = life.silence(0, 10), life.silence(5, 20)
    assert [one.silence_id for one in life.store.read(lambda con: silences(con, life.at(9)))] == [first, second]
    assert [one.silence_id for one in life.store.read(lambda con: silences(con, life.at(10)))] == [second]
    assert [one.silence_id for one in life.store.read(every_silence)] == [second, first]
    (kept, _) = reversed(life.store.read(every_silence))
    assert (kept.match, kept.author, kept.comment, kept.until) == (HUBSPOT, "ada", "upgrade", life.at(10))


def test_hundreds_of_incidents_and_silences_are_matched_in_no_time(world: Any) -> None:
    names = [f"vendor-{number}" for number in range(354)]
    config = world.config(*(world.integration(name, flows=[f"flow-{name}"]) for name in names))
    down, burn = world.condition(), world.condition(rule=Rule.BURN_RATE, key="burn", workflow=None, regions=())
    open_now = tuple(world.incident(down, burn, subject=name, incident_id=name) for name in names)
    made = [silence_of(integration=(f"other-{n}-*", f"vendor-{n}"), rule="*", flow="flow-*") for n in range(100)]
    begin = time.process_time()
    found = mutings(MutingScene(world.T0, config, silence_covers(made, world.T0), open_now))
    assert len(found) == 100
    assert time.process_time() - begin < 0.5  # 60 ms where nothing else runs
