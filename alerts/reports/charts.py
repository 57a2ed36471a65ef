"""Charts as pictures: SVG that takes the colours of its page, and PNG for paper and mail.

By matplotlib, without pyplot. The same chart gives the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final
from zoneinfo import ZoneInfo

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from alerts.reports.document import Chart
from alerts.reports.wording import short

WIDE: Final = (7.6, 2.5)
NARROW: Final = (3.7, 2.6)
"""Inches; the narrow one is for phones, where the wide one would be too small to read."""
DPI: Final = 170
COLOURS: Final = {
    "ink": "#1c2733", "soft": "#5b6b7b", "rule": "#d5dde5", "span": "#c0392b", "band": "#1e6fb2",
    "s1": "#1f6fb2", "s2": "#b3541e", "s3": "#12715b", "s4": "#8e3a8c", "s5": "#6b5a00", "s6": "#44546a",
}  # fmt: skip
"""Of light paper; a page has its own for the dark under the same names, as `--ink`."""
_SERIES: Final = ("s1", "s2", "s3", "s4", "s5", "s6")
_HATCHES: Final = ("", "///", "...", "xx", "\\\\\\", "--")
"""So that bars differ by more than their colour."""
_LONGEST: Final = 28
"""Characters of a label."""
_DAY_MS: Final = 86_400_000.0
_ALONE: Final = Lock()
"""Matplotlib's settings are the process's: two threads that draw would take them from each other."""
_STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none", "text.parse_math": False, "text.usetex": False, "font.family": "DejaVu Sans",
    "font.size": 8.0, "axes.unicode_minus": False, "hatch.linewidth": 0.5, "path.simplify": True,
}  # fmt: skip


def as_svg(chart: Chart, zone: ZoneInfo, salt: str, size: tuple[float, float] = WIDE) -> str:
    """An `<svg>` element for a page: colours are variables of the page, letters are text. `salt` tells its ids from
    those of other pictures on the page."""
    out = io.StringIO()
    with _drawn(chart, zone, size, {"svg.hashsalt": salt}) as figure:
        FigureCanvasSVG(figure).print_svg(out, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))  # type: ignore[no-untyped-call]
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    for name, colour in COLOURS.items():
        text = text.replace(colour, f"var(--{name})")
    return re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" role="img">', text, count=1).strip()


def as_png(chart: Chart, zone: ZoneInfo, size: tuple[float, float] = WIDE) -> bytes:
    """On white."""
    out = io.BytesIO()
    with _drawn(chart, zone, size, {"savefig.dpi": DPI, "figure.dpi": DPI}) as figure:
        figure.patch.set_facecolor("white")
        FigureCanvasAgg(figure).print_png(out, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return out.getvalue()


@contextmanager
def _drawn(chart: Chart, zone: ZoneInfo, size: tuple[float, float], more: dict[str, Any]) -> Iterator[Figure]:
    with _ALONE, warnings.catch_warnings(), mpl.rc_context(rc={**_STYLE, **more}):  # type: ignore[dict-item]
        # Letters that DejaVu does not have are shown as boxes, and that is all there is to say of them.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_alpha(0 if "svg.hashsalt" in more else 1)
        _draw(figure.add_subplot(), chart, zone, narrow=size is NARROW)
        yield figure


def _draw(axes: Axes, chart: Chart, zone: ZoneInfo, *, narrow: bool) -> None:
    axes.patch.set_alpha(0)
    for span in chart.spans:
        axes.axvspan(
            span.start_ms / _DAY_MS,
            span.end_ms / _DAY_MS,
            color=COLOURS["span"],
            alpha=0.14,
            lw=0,
            label=short(span.label, _LONGEST),
        )
    for band in chart.bands:
        low, high = _gaps(band.low), _gaps(band.high)
        days = [t / _DAY_MS for t in band.t_ms]
        axes.fill_between(
            days, low, high, step="post", color=COLOURS["band"], alpha=0.18, lw=0, label=short(band.label, _LONGEST)
        )
    _bars(axes, chart)
    for place, line in enumerate(chart.lines):
        days = [t / _DAY_MS for t in line.t_ms]
        style, dot = (0, (4, 2)) if line.dashed else "-", "." if _lonely(line.values) else ""
        label = short(line.label, _LONGEST)
        axes.plot(days, _gaps(line.values), color=_colour(place), lw=1.3, ls=style, marker=dot, ms=4, label=label)
    _axes(axes, chart, zone, narrow=narrow)


def _bars(axes: Axes, chart: Chart) -> None:
    """Stacked; one shape a class, because a patch for each bar takes seconds."""
    if not chart.bars:
        return
    starts = [t / _DAY_MS for t in chart.bars[0].t_ms]
    edges = [*starts, starts[-1] + chart.bucket_ms / _DAY_MS] if starts else []
    below = np.zeros(len(starts))
    for place, bars in enumerate(chart.bars):
        above = below + np.array([value or 0.0 for value in bars.values])
        hatch, label = _HATCHES[place % len(_HATCHES)], short(bars.label, _LONGEST)
        axes.stairs(above, edges, baseline=below, fill=True, color=_colour(place), hatch=hatch, lw=0, label=label)
        below = above


def _axes(axes: Axes, chart: Chart, zone: ZoneInfo, *, narrow: bool) -> None:
    times = [line.t_ms for line in chart.lines] + [bars.t_ms for bars in chart.bars]
    edges = [t / _DAY_MS for t_ms in times for t in (t_ms[:1] + t_ms[-1:])]
    if edges and min(edges) < max(edges):
        axes.set_xlim(min(edges), max(edges) + chart.bucket_ms / _DAY_MS)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(short(chart.unit, 16), color=COLOURS["soft"])
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(COLOURS["rule"])
    axes.grid(axis="y", color=COLOURS["rule"], lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=COLOURS["soft"], labelcolor=COLOURS["ink"], length=3)
    locator = AutoDateLocator(tz=zone, minticks=2, maxticks=5 if narrow else 8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]
    axes.xaxis.get_offset_text().set_color(COLOURS["soft"])
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=bool(chart.bars)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 10 else f"{value:g}"))
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2 if narrow else 5, frameon=False, borderaxespad=0.2,
        labelcolor=COLOURS["ink"], handlelength=1.6, columnspacing=1.2, fontsize=7.5,
    )  # fmt: skip


def _colour(place: int) -> str:
    return COLOURS[_SERIES[place % len(_SERIES)]]


def _gaps(values: tuple[float | None, ...]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _lonely(values: tuple[float | None, ...]) -> bool:
    """Whether there is a point between two gaps, which a line would not show."""
    padded = (None, *values, None)
    return any(
        b is not None and a is None and c is None for a, b, c in zip(padded, padded[1:], padded[2:], strict=False)
    )
