"""The silences that are in force or will be: what they cover, until when, who made them, and the end of one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from alerts.model import Silence
from alerts.store.silences import silences
from app.dashboard import wording
from app.dashboard.elements import mark, panel, table, when
from app.dashboard.run_now import act_button
from app.dashboard.view import View
from config.matching import in_words
from metrics.model import State

_MOST: Final = 50


def silences_panel(view: View) -> Component:
    """Every one of run time that is not over; those of `alerts.yaml` are named by what they mute."""
    now = view.now()
    found = view.ask("silences", lambda con: silences(con, now))
    rows = [_row(view, one) for one in found[:_MOST]]
    head = ("", "what it mutes", "ends", "in", "by", "why", "")
    add = html.Div(act_button(view, "silence", "New silence"), className="act-row")
    note = wording.plural(len(found), "silence")
    return panel("Silences", table(head, rows, empty="Nothing is silenced."), add, note=note)


def _row(view: View, one: Silence) -> tuple[Any, ...]:
    words, now = in_words(one.match), view.now()
    state = mark(State.THROTTLED, "in force") if one.is_in_force(now) else mark(State.NO_DATA, "to come")
    left = wording.lasting(max(timedelta(0), one.until - now))
    end = act_button(view, "end-silence", "End now", id=one.silence_id, words=words)
    return (
        state, html.Span(words, className="wrap"), when(one.until), left, one.author,
        html.Span(one.comment, className="wrap"), end,
    )  # fmt: skip
