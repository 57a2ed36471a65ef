"""Silences and maintenance windows of `alerts.yaml`: what they cover, when, and where their calendars are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import urlsplit

from config.checks import mappings, valid
from config.checks.routes import Known, match_findings
from config.checks.workflows import duplicates
from config.maintenance import DeclaredSilence, Maintenance, at_instant
from config.problems import Finding, Path


def maintenance_findings(alerting: Mapping[str, Any], known: Known, zone: str, root: FilePath) -> Iterator[Finding]:
    """What is wrong with sections `silences` and `maintenance`; `zone` is that of times without one."""
    for section, model in (("silences", DeclaredSilence), ("maintenance", Maintenance)):
        declared = mappings(alerting.get(section))
        yield from duplicates(declared, (section,), section.removesuffix("s"))
        for position, raw in declared:
            at: Path = (section, position)
            yield from match_findings(raw.get("match"), known, (*at, "match"))
            one = valid(model, raw)
            if isinstance(one, (DeclaredSilence, Maintenance)):
                yield from _times(one, one.time_zone or zone, at)
            if isinstance(one, Maintenance):
                yield from _calendar(one, root, at)


def _times(one: DeclaredSilence | Maintenance, zone: str, at: Path) -> Iterator[Finding]:
    """Local times that the clock of the place skips, or shows twice."""
    for key, declared in (("start", one.start), ("end", one.end)):
        try:
            if declared is not None:
                at_instant(declared, zone)
        except ValueError as err:
            yield (*at, key), str(err)


def _calendar(one: Maintenance, root: FilePath, at: Path) -> Iterator[Finding]:
    if one.calendar is None:
        for key in sorted({"entries", "poll_every", "private_address"} & one.model_fields_set):
            yield (*at, key), "does nothing without `calendar`; remove it"
        return
    if "${" in one.calendar:
        return
    scheme = urlsplit(one.calendar).scheme
    if scheme == "http" and not one.private_address:
        yield (*at, "calendar"), "an http address can be changed on its way; write https, or `private_address: true`"
    elif scheme in ("webcal", "webcals"):
        yield (*at, "calendar"), f"write https:// for {scheme}://"
    elif scheme not in ("http", "https") and not (root / one.calendar).is_file():
        yield (*at, "calendar"), "no such file beside this one; write its path, or an https address"
