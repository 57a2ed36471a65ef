"""What vendors say of themselves, in each format: read safely, and held against what they said before."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.status_pages import STATUS_PAGES
from alerts.status_pages.changes import changes
from alerts.status_pages.model import Health, Notice, NoticeUpdate, PageError, PageReading, line, link
from alerts.status_pages.standing import STALE_AFTER, StoredPage, standing

NOW = datetime(2026, 11, 22, 3, 20, tzinfo=UTC)
SUMMARY = {
    "page": {"id": "p1", "name": "HubSpot", "url": "https://status.example.com"},
    "components": [
        {"id": "g", "name": "APIs", "status": "partial_outage", "group": True},
        {"id": "c1", "name": "Contacts API", "status": "major_outage", "group_id": "g", "group": False},
        {"id": "c2", "name": "Blog", "status": "operational", "group": False},
        {"id": "c3", "name": "Chat", "status": "on_fire", "group": False},
    ],
    "incidents": [
        {
            "id": "i1",
            "name": "Elevated API errors",
            "status": "identified",
            "impact": "major",
            "started_at": "2026-11-22T03:01:00.000Z",
            "shortlink": "https://stspg.example.com/i1",
            "components": [{"id": "c1", "name": "Contacts API"}],
            "incident_updates": [
                {"status": "investigating", "body": "We look.", "created_at": "2026-11-22T03:02:00.000Z"},
                {"status": "identified", "body": "Found\n it.", "created_at": "2026-11-22T03:12:00.000Z"},
            ],
        }
    ],
    "scheduled_maintenances": [
        {"id": "m1", "name": "Upgrade", "status": "scheduled", "created_at": "2026-11-20T00:00:00Z"},
        {"id": "m2", "name": "Database move", "status": "in_progress", "created_at": "2026-11-22T01:00:00Z"},
    ],
    "status": {"indicator": "major", "description": "Partial System Outage"},
}
STATUSIO = {
    "result": {
        "status_overall": {"updated": "2026-11-22T03:00:00.000Z", "status": "Degraded", "status_code": 300},
        "status": [
            {"id": "a", "name": "REST API", "status_code": 500},
            {"id": "b", "name": "Regions", "containers": [{"status_code": 100}, {"status_code": 400}]},
        ],
        "incidents": [
            {
                "_id": "i9",
                "name": "API timeouts",
                "datetime_open": "2026-11-22T03:00:00.000Z",
                "components_affected": [{"_id": "a", "name": "REST API"}],
                "messages": [
                    {"details": "Seen.", "state": 100, "status_code": 500, "datetime": "2026-11-22T03:00:00.000Z"},
                    {"details": "A fix.", "state": 300, "status_code": 300, "datetime": "2026-11-22T03:10:00.000Z"},
                ],
            }
        ],
        "maintenance": {"active": [], "upcoming": [{"_id": "m", "name": "later"}]},
    }
}
ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
 <entry><id>tag:1</id><published>2026-11-22T03:00:00Z</published><updated>2026-11-22T03:12:00Z</updated>
  <link rel="alternate" type="text/html" href="https://status.example.com/incidents/1"/>
  <title>Checkout is slow</title>
  <content type="html">&lt;p&gt;&lt;small&gt;Nov 22, 03:12 UTC&lt;/small&gt;&lt;br&gt;
   &lt;strong&gt;Identified&lt;/strong&gt; -
   A cause was found.&lt;/p&gt;
   &lt;p&gt;&lt;strong&gt;Investigating&lt;/strong&gt; - We look.&lt;/p&gt;</content></entry>
 <entry><id>tag:0</id><published>2026-11-20T03:00:00Z</published><updated>2026-11-20T05:00:00Z</updated>
  <title>Old</title><content type="html">&lt;strong&gt;Resolved&lt;/strong&gt; - Done.</content></entry>
</feed>"""
RSS = """<rss version="2.0"><channel><title>s</title><item><title>Login fails</title>
<link>https://status.example.com/2</link><guid>g2</guid><pubDate>Sun, 22 Nov 2026 03:05:00 +0000</pubDate>
<description>&lt;b&gt;Monitoring&lt;/b&gt; - A fix is out.</description></item></channel></rss>"""


def read(kind: str, content: Any) -> PageReading:
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    return STATUS_PAGES[kind].read(body, NOW)


def stored(reading: PageReading, **more: Any) -> StoredPage:
    known: dict[str, Any] = {
        "page": "p", "kind": "statuspage", "address": "https://status.example.com", "asked_at": NOW, "read_at": NOW,
        "problem": "", "indicator": reading.indicator, "description": reading.description,
        "components": reading.components, "notices": tuple(n for n in reading.notices if not n.is_over),
    }  # fmt: skip
    return StoredPage(**{**known, **more})


def test_a_statuspage_tells_components_notices_and_what_was_written() -> None:
    found = read("statuspage", SUMMARY)
    assert (found.indicator, found.description) == (Health.PARTIAL_OUTAGE, "Partial System Outage")
    assert found.components == (
        ("Contacts API", Health.MAJOR_OUTAGE),
        ("Blog", Health.OPERATIONAL),
        ("Chat", Health.UNKNOWN),
    )
    api, move = found.notices
    assert (api.title, api.state, api.impact, api.link) == (
        "Elevated API errors", "identified", Health.PARTIAL_OUTAGE, "https://stspg.example.com/i1",
    )  # fmt: skip
    assert [update.text for update in api.updates] == ["Found it.", "We look."]
    assert (move.title, move.impact) == ("Database move", Health.MAINTENANCE)


def test_status_io_tells_the_worst_of_its_containers_and_the_latest_state() -> None:
    found = read("statusio", STATUSIO)
    assert found.indicator is Health.DEGRADED
    assert found.components == (("REST API", Health.MAJOR_OUTAGE), ("Regions", Health.PARTIAL_OUTAGE))
    (notice,) = found.notices
    assert (notice.state, notice.impact, notice.components) == ("monitoring", Health.MAJOR_OUTAGE, ("REST API",))


@pytest.mark.parametrize(
    ("feed", "title", "state"),
    [(ATOM, "Checkout is slow", "identified"), (RSS, "Login fails", "monitoring")],
    ids=["atom", "rss"],
)
def test_a_feed_tells_the_newest_word_of_each_entry(feed: str, title: str, state: str) -> None:
    found = read("atom", feed)
    (notice,) = [one for one in found.notices if not one.is_over]
    assert (notice.title, notice.state) == (title, state)
    assert notice.link.startswith("https://status.example.com/")
    assert found.indicator is Health.DEGRADED
    assert not found.only_open


def test_an_entry_that_says_nothing_of_its_state_is_over_after_a_day() -> None:
    silent = RSS.replace("&lt;b&gt;Monitoring&lt;/b&gt; - A fix is out.", "Something.")
    assert [one.is_over for one in read("atom", silent).notices] == [False]
    later = STATUS_PAGES["atom"].read(silent.encode(), NOW + timedelta(days=2))
    assert [one.is_over for one in later.notices] == [True]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("statuspage", b"<html>down</html>"),
        ("statuspage", b'{"status": "ok"}'),
        ("statuspage", b"[]"),
        ("statuspage", b"[" * 100_000),
        ("statusio", b"null"),
        ("statusio", b'{"result": []}'),
        ("atom", b"{}"),
        ("atom", b""),
        ("atom", b"<html><body/></html>"),
        ("atom", b'<!DOCTYPE feed [<!ENTITY a "b">]><feed>&a;</feed>'),
        (
            "atom",
            b'<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><feed><entry><title>&x;</title></entry></feed>',
        ),
    ],
)
def test_what_is_no_page_of_its_kind_is_said_without_its_words(kind: str, body: bytes) -> None:
    with pytest.raises(PageError) as said:
        STATUS_PAGES[kind].read(body, NOW)
    assert "passwd" not in str(said.value)
    assert "down" not in str(said.value)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["status", "components", "incidents", "name", "id", "_id", "result", "status_overall", "messages",
                 "created_at", "started_at", "datetime_open", "incident_updates", "status_code", "indicator", "impact"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)  # fmt: skip


@pytest.mark.parametrize("kind", ["statuspage", "statusio"])
@given(content=JSONS)
def test_whatever_a_page_answers_it_is_read_or_refused(kind: str, content: Any) -> None:
    for body in (content, {"status": content, "components": [content]}, {"result": content}):
        try:
            found = read(kind, body)
        except PageError:
            continue
        assert all(name for name, _ in found.components)


def test_a_strangers_words_and_links_are_cut_and_tame() -> None:
    assert line("a\x00b\n\u202ec " * 400).endswith("…")
    assert len(line("x" * 10_000)) == 500
    assert line(None) == ""
    assert link("javascript:alert(1)") == ""
    assert link('https://x.example/"onclick=') == ""
    assert link("https://user:pw@x.example/") == ""
    assert link("https://x.example/a?b=1") == "https://x.example/a?b=1"


def test_the_declared_components_decide_and_a_notice_of_others_is_not_ours() -> None:
    page = stored(read("statuspage", SUMMARY))
    contacts = standing("hubspot", ("Contacts API",), page)
    assert (contacts.indicator, contacts.admits, contacts.is_exact) == (Health.MAJOR_OUTAGE, True, True)
    assert contacts.words() == "“Elevated API errors” (identified, https://stspg.example.com/i1)"
    blog = standing("hubspot", ("Blog",), page)
    assert (blog.indicator, blog.admits) == (Health.OPERATIONAL, False)
    whole = standing("hubspot", (), page)
    assert (whole.indicator, whole.admits, whole.is_exact) == (Health.PARTIAL_OUTAGE, True, False)
    assert standing("hubspot", ("Nope", "Blog"), page).missing == ("Nope",)


def test_what_was_read_long_ago_is_no_evidence() -> None:
    page = standing("hubspot", (), stored(read("statuspage", SUMMARY)))
    assert page.is_fresh(NOW + STALE_AFTER)
    assert not page.is_fresh(NOW + STALE_AFTER + timedelta(seconds=1))
    assert not replace(page, read_at=None).is_fresh(NOW)


def test_every_change_is_one_sentence_and_no_change_is_none() -> None:
    first = read("statuspage", SUMMARY)
    again = stored(first)
    assert changes(again, first) == ()
    opened = changes(None, first)
    assert [change.note for change in opened] == [
        "“Elevated API errors”: identified – Found it. (posted 22 Nov 03:12 UTC)",
        "“Database move”: in_progress",
    ]
    posted = NoticeUpdate(NOW, "monitoring", "A fix is out.")
    api = replace(first.notices[0], state="monitoring", updates=(posted, *first.notices[0].updates))
    later = replace(first, notices=(api,), components=(("Contacts API", Health.OPERATIONAL), *first.components[1:]))
    notes = [change.note for change in changes(again, later)]
    assert notes == [
        "“Elevated API errors”: monitoring – A fix is out. (posted 22 Nov 03:20 UTC)",
        "“Database move” is over",
        "Contacts API: major outage → operational",
    ]


def test_a_feed_that_forgets_an_entry_does_not_end_it() -> None:
    notice = Notice("i", "Slow", "investigating", Health.DEGRADED, NOW)
    before = stored(PageReading(Health.DEGRADED, notices=(notice,)))
    gone = PageReading(Health.OPERATIONAL, notices=(), only_open=False)
    assert changes(before, gone) == ()
    assert [change.note for change in changes(before, replace(gone, only_open=True))] == ["“Slow” is over"]
