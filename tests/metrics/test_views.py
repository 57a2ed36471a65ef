"""Views for people: documented word for word, right against the raw rows, and there after sealing and migrating."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from metrics.kinds import CLIENT_ERRORS, CORRECTNESS, NETWORK, OURS, SERVER_ERRORS, THROTTLED
from metrics.store.compaction import compact
from metrics.store.database import Store
from metrics.store.quota import share_left
from metrics.store.rollup.roller import roll
from metrics.store.rows import NumberedRun, insert
from metrics.store.schedule import settle
from metrics.store.sealing.rounds import seal_closed
from metrics.store.views import documented_views
from probes.model import FailureKind, Run

Make = Callable[..., Run]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def stored(store_path: Path) -> Iterator[Store]:
    store = Store.open(store_path)
    yield store
    store.close()


def put(store: Store, runs: Sequence[Run]) -> None:
    rows = [NumberedRun("p1", number, run.started_at, run) for number, run in enumerate(runs)]

    def keep(con: DuckDBPyConnection) -> None:
        insert(con, rows)
        settle(con, rows)

    store.write(keep).result(timeout=60)


def test_the_docs_list_every_view_as_the_catalogue_does(store: Store) -> None:
    text = (ROOT / "docs" / "store.md").read_text(encoding="utf-8")
    told = text.split("## Views for people")[1]
    sections = {part.split("`", 2)[1]: part for part in told.split("\n### ")[1:]}
    views = store.read(documented_views)
    assert list(sections) == [view.name for view in views]
    for view in views:
        rows = [line for line in sections[view.name].splitlines() if line.startswith("| `")]
        assert view.holds in sections[view.name]
        assert rows == [f"| `{name}` | {kind} | {holds} |" for name, kind, holds in view.columns]


def test_every_view_and_column_says_what_it_holds_and_names_its_unit(store: Store) -> None:
    views = store.read(documented_views)
    assert len(views) > 15
    words = {"_ms": "millisecond", "_s": "second", "_bytes": "bytes", "_share": "0…1"}
    assert [view.name for view in views if not view.holds] == []
    silent = [
        (view.name, name)
        for view in views
        for name, _, holds in view.columns
        if not holds or any(name.endswith(end) and word not in holds for end, word in words.items())
    ]
    assert silent == []


def test_no_view_shows_the_body_of_an_answer_a_claim_or_a_captured_value(store: Store) -> None:
    kept_back = {"request_body", "response_body", "request_headers", "response_headers", "captured", "claim", "receipt"}
    shown = {name for view in store.read(documented_views) for name, _, _ in view.columns}
    assert shown & kept_back == set()


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    names = [view.name for view in store.read(documented_views)]
    return {
        name: store.read(lambda con, name=name: con.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall())  # type: ignore[misc]  # noqa: S608
        for name in names
    }


def days_of(make_run: Make, days: int) -> list[Run]:
    return [
        make_run(
            NOW - timedelta(days=back, minutes=n),
            total_ms=100.0 + n,
            kind=FailureKind.STATUS_5XX if n % 7 == 0 else None,
            values={"lag": 1.0},
        )
        for back in range(days)
        for n in range(20)
    ]


def test_views_show_the_same_after_sealing_opening_and_compacting(
    stored: Store, store_path: Path, make_run: Make
) -> None:
    put(stored, days_of(make_run, 6))
    roll(stored, NOW)
    before = everything(stored)
    assert (len(before["v_runs"]), len(before["v_steps"]), len(before["v_recorded"])) == (120, 120, 120)
    assert before["v_latency_1h"]
    assert seal_closed(stored, NOW, timedelta(hours=48)).rows > 0
    assert everything(stored) == before
    stored.close()
    assert compact(store_path)
    again = Store.open(store_path)
    assert everything(again) == before
    assert len(again.read(documented_views)) == len(before)
    again.close()


@pytest.mark.parametrize("tier", ["5m", "1h", "1d"])
def test_latency_of_a_bucket_is_that_of_its_measured_steps(stored: Store, make_run: Make, tier: str) -> None:
    put(stored, days_of(make_run, 3))
    roll(stored, NOW)
    length = {"5m": 300, "1h": 3600, "1d": 86400}[tier]
    sql = f"""
        SELECT v.n, v.p50_ms, v.p95_ms, v.max_ms, v.mean_ms, s.n, s.p[1], s.p[2], s.max, s.mean, v.stale
        FROM v_latency_{tier} v JOIN (
            SELECT make_timestamptz(epoch_us(started_at) // {length}000000 * {length}000000) AS bucket_at,
                   count(*) AS n, quantile_disc(total_ms, [0.5, 0.95]) AS p, max(total_ms) AS max, avg(total_ms) AS mean
            FROM v_steps WHERE measured GROUP BY 1
        ) s USING (bucket_at)
    """  # noqa: S608
    rows = stored.read(lambda con: con.execute(sql).fetchall())
    assert rows
    for row in rows:
        assert row[0] == row[5]
        assert row[1:3] == pytest.approx(row[6:8], rel=1e-6)
        assert row[3:5] == pytest.approx(row[8:10], rel=1e-4)
        assert row[10] is False


def test_a_bucket_is_stale_until_late_rows_are_counted_in(stored: Store, make_run: Make) -> None:
    put(stored, days_of(make_run, 3))
    roll(stored, NOW)
    late = NumberedRun("p2", 1, NOW, make_run(NOW - timedelta(days=1, minutes=3)))
    stored.write(lambda con: insert(con, [late])).result()
    sql = "SELECT (SELECT count(*) FROM {} WHERE stale) FROM range(1)"
    views = ("v_latency_5m", "v_latency_1h", "v_latency_1d", "v_errors_1h", "v_errors_1d")

    def stale() -> list[int]:
        return [stored.read(lambda con, v=view: con.execute(sql.format(v)).fetchone()[0]) for view in views]  # type: ignore[misc]

    assert stale() == [1, 1, 1, 1, 1]
    roll(stored, NOW)
    assert stale() == [0, 0, 0, 0, 0]


def test_error_classes_are_those_of_the_dashboard(stored: Store, make_run: Make) -> None:
    kinds = [kind for kind in FailureKind if kind is not FailureKind.DEPENDENCY]
    put(stored, [make_run(NOW - timedelta(hours=3, seconds=n), kind=kind) for n, kind in enumerate(kinds)])
    roll(stored, NOW)
    row = stored.read(
        lambda con: con.execute(
            "SELECT sum(requests), sum(client_errors), sum(server_errors), sum(throttled), sum(network), "
            "sum(correctness), sum(ours) FROM v_errors_1h"
        ).fetchone()
    )
    classes = (CLIENT_ERRORS, SERVER_ERRORS, THROTTLED, NETWORK, CORRECTNESS, OURS)
    assert row == (len(kinds), *(len(kinds_of) for kinds_of in classes))


def test_availability_counts_slices(stored: Store, make_run: Make) -> None:
    at = NOW - timedelta(hours=5)
    kinds = [None, None, None, FailureKind.STATUS_5XX]
    put(stored, [make_run(at + timedelta(minutes=n), kind=kind) for n, kind in enumerate(kinds)])
    roll(stored, NOW)
    row = stored.read(
        lambda con: con.execute("SELECT good, bad, good_s, bad_s, availability FROM v_availability_1h").fetchone()
    )
    assert row == (3, 1, 180.0, 60.0, 0.75)


@pytest.mark.parametrize(
    ("unit", "limit", "used", "remaining"),
    [
        ("requests", 100.0, 30.0, None),
        ("requests", 100.0, None, 20.0),
        ("percent", None, 30.0, None),
        ("percent", None, None, 12.0),
        ("requests", None, 5.0, None),
        ("requests", 0.0, 5.0, None),
        ("requests", 100.0, None, None),
        ("requests", 100.0, 130.0, None),
    ],
)
def test_the_share_of_a_quota_is_that_of_the_dashboard(
    store: Store, unit: str, limit: float | None, used: float | None, remaining: float | None
) -> None:
    def work(con: DuckDBPyConnection) -> object:
        con.execute(
            "INSERT INTO hot_quota_readings BY NAME SELECT uuid() AS run_id, 'a' AS integration, 'local' AS region, "
            "'v' AS vendor, 'c' AS credential, 'b' AS bucket, ? AS unit, now() AS observed_at, 'header' AS source, "
            "?::DOUBLE AS limit_value, ?::DOUBLE AS used, ?::DOUBLE AS remaining, 'fixed' AS window_kind, "
            "false AS simulated",
            [unit, limit, used, remaining],
        )
        row = con.execute("SELECT left_share FROM v_quota").fetchone()
        return row[0] if row else "nothing"

    assert store.write(work).result() == pytest.approx(share_left(unit, limit, used, remaining))


def test_incidents_are_told_with_their_rules_and_how_long_they_took(store: Store) -> None:
    conditions = '[{"rule": "workflow_down", "blame": "vendor"}, {"rule": "fast_burn", "blame": "vendor"}]'

    def work(con: DuckDBPyConnection) -> object:
        con.execute(
            "INSERT INTO incidents BY NAME SELECT 'i1' AS incident_id, 'hubspot' AS subject, 'urgent' AS tier, "
            "'resolved' AS state, 'down' AS title, ?::TIMESTAMPTZ AS opened_at, ?::TIMESTAMPTZ AS resolved_at, "
            "'[]' AS flows, ? AS conditions",
            [NOW, NOW + timedelta(minutes=5), conditions],
        )
        return con.execute("SELECT rules, blames, duration_s, to_acknowledge_s FROM v_incidents").fetchone()

    assert store.write(work).result() == ("workflow_down, fast_burn", "vendor", 300.0, None)


def test_other_programs_can_list_the_views(stored: Store) -> None:
    asked = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'v\\_%' ESCAPE '\\'"
    found = stored.read(lambda con: con.execute(asked).fetchall())
    assert {name for (name,) in found} == {view.name for view in stored.read(documented_views)}
    assert isinstance(duckdb.__version__, str)
