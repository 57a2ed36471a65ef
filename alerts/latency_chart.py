"""The chart in a mail: how long a workflow took of late, against what is usual for it."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from alerts.model import Notification

Points = tuple[tuple[datetime, float | None], ...]
"""Instant and milliseconds; None where nothing was measured."""

_SIZE: Final = (6.0, 2.4)
_DPI: Final = 160
_INK, _LINE, _BAND, _PAPER = "#3d4852", "#1f6feb", "#9ecbff", "#ffffff"


@dataclass(frozen=True, slots=True)
class LatencyHistory:
    """The last hours of one series, oldest first. `usual` and `limit` are empty where nothing is learned yet."""

    title: str
    """What was measured: `contact-roundtrip, create from eu`."""
    measured: Points
    usual: Points = ()
    limit: Points = ()

    @property
    def caption(self) -> str:
        """The latest figures in words, for whoever cannot see the picture."""
        found = [
            f"{name} {milliseconds(latest)}"
            for name, points in (("now", self.measured), ("usual", self.usual), ("limit", self.limit))
            if (latest := _latest(points)) is not None
        ]
        return f"{self.title}: {', '.join(found)}" if found else ""


Provider = Callable[[Notification], Awaitable[LatencyHistory | None]]
"""The history that belongs to a notification, or None where there is nothing to show."""


def png(history: LatencyHistory) -> bytes | None:
    """The picture on paper of its own, readable on a dark page, too; None without two points to join. The same history
    gives the same bytes."""
    if sum(value is not None for _, value in history.measured) < 2:
        return None
    # Imported here: it takes half a second, and only mails with a chart need it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor=_PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _draw(axes, history)
    target = io.BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def milliseconds(value: float) -> str:
    """`412 ms`, `4.2 s`."""
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def _draw(axes: Any, history: LatencyHistory) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter
    from matplotlib.ticker import FuncFormatter

    if _latest(history.usual) is not None and _latest(history.limit) is not None:
        at, low = _columns(history.usual)
        high = _columns(history.limit)[1]
        axes.fill_between(at, low, high, color=_BAND, alpha=0.45, linewidth=0, label="usual to limit", step="post")
    axes.plot(*_columns(history.measured), color=_LINE, linewidth=1.6, label="measured", marker=".", markersize=3)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.set_title(history.title, fontsize=9, color=_INK, loc="left", parse_math=False)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: milliseconds(value)))
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=7, tz=UTC))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=UTC))  # type: ignore[no-untyped-call]
    axes.set_xlabel("UTC", fontsize=8, color=_INK)
    axes.tick_params(labelsize=8, colors=_INK, length=3)
    axes.grid(visible=True, axis="y", color="#d8dee4", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(fontsize=7, frameon=False, loc="upper left", labelcolor=_INK, ncols=2)


def _columns(points: Points) -> tuple[list[datetime], list[float]]:
    return [at for at, _ in points], [float("nan") if value is None else value for _, value in points]


def _latest(points: Points) -> float | None:
    return next((value for _, value in reversed(points) if value is not None), None)
