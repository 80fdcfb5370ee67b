"""The report's charts: what is drawn, with which axes; `svg.py` makes files of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spanwright.evaluation.report.content import Chart, Interval, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, LINE = "#1b1f24", "#c9ced6"
SERIES = ("#2563c9", "#c2620a", "#2c8a5b", "#8a4fb5", "#b5364e", "#5b6b7b")
WIDTH = 4.3
_LONGEST_LABEL = 22
_MOST_BARS = 30
_MOST_IN_MATRIX = 16


@dataclass(frozen=True)
class Bar:
    """A score in [0, 1] with its interval; `value` is None where it could not be computed."""

    label: str
    value: float | None
    interval: Interval | None = None


def bars(name: str, title: str, rows: Sequence[Bar]) -> Chart:
    """Horizontal bars of scores in percent, each with its interval; the first 30 where there are more."""
    shown = list(rows[:_MOST_BARS])

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for y, bar in enumerate(shown):
            if bar.value is None:
                axes.text(1, y, "not computed", va="center", style="italic")
                continue
            axes.barh(y, 100 * bar.value, height=0.6, color=SERIES[0], alpha=0.75)
            end = 100 * bar.value
            if bar.interval:
                low, high = (100 * bound for bound in bar.interval)
                axes.plot([low, high], [y, y], color=INK, linewidth=1.2, marker="|", markersize=6)
                end = max(end, high)
            axes.text(end + 1.5, y, f"{100 * bar.value:.1f}", va="center")
        axes.set_yticks(range(len(shown)), [_label(bar.label) for bar in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlim(0, 113)
        axes.set_xticks(range(0, 101, 20))
        axes.grid(False, axis="y")
        axes.set_xlabel("%")

    left_out = f" The first {len(shown)} of {len(rows)} are drawn." if len(shown) < len(rows) else ""
    alt = f"{title}: " + "; ".join(_in_words(bar) for bar in shown) + "." + left_out
    return Chart(name, title, alt, (WIDTH, 0.7 + 0.26 * len(shown)), draw)


def matrix(
    name: str, title: str, rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[int]]
) -> Chart:
    """A table of counts, darker where there are more of the row: gold labels down, predicted ones across.

    Of more than 16 rows or columns the first are drawn, with the last one, which holds what is missed or spurious.
    """
    down, across = _few(len(rows)), _few(len(columns))

    def draw(figure: Figure) -> None:
        from matplotlib.colors import LinearSegmentedColormap, to_rgba

        axes = figure.subplots()
        clear = LinearSegmentedColormap.from_list("", [to_rgba(SERIES[0], 0.0), to_rgba(SERIES[0], 0.65)])
        shares = [[counts[i][j] / (sum(counts[i]) or 1) for j in across] for i in down]
        axes.pcolormesh(shares, cmap=clear, vmin=0, vmax=1, edgecolors=LINE, linewidth=0.4)
        for y, i in enumerate(down):
            for x, j in enumerate(across):
                if counts[i][j]:
                    axes.text(x + 0.5, y + 0.5, f"{counts[i][j]:,}", ha="center", va="center", fontsize=8.5)
        axes.set_xticks([x + 0.5 for x in range(len(across))], [_label(columns[j]) for j in across])
        axes.tick_params(axis="x", rotation=40 if len(across) > 2 else 0)
        for tick in axes.get_xticklabels():
            tick.set_horizontalalignment("right" if len(across) > 2 else "center")
            tick.set_rotation_mode("anchor")
        axes.set_yticks([y + 0.5 for y in range(len(down))], [_label(rows[i]) for i in down])
        axes.invert_yaxis()
        axes.grid(False)
        axes.set_xlabel("predicted")
        axes.set_ylabel("gold")

    alt = f"{title}: {len(rows)} rows of gold labels, {len(columns)} columns of predicted ones; a table has the same numbers."
    return Chart(name, title, alt, (WIDTH, 1.7 + 0.3 * len(down)), draw)


def calibration(name: str, title: str, bins: Sequence[Mapping[str, Any]]) -> Chart:
    """The share that is right, against the confidence, of each bin ({confidence, accuracy, count}); the diagonal is perfect."""
    filled = [one for one in bins if one["count"]]

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        above.plot([0, 100], [0, 100], color=INK, linewidth=0.8, linestyle=":")
        confidences = [100 * one["confidence"] for one in filled]
        above.plot(confidences, [100 * one["accuracy"] for one in filled], color=SERIES[0], marker="o", markersize=4)
        above.set_ylabel("right, %")
        above.set_ylim(0, 105)
        below.bar(confidences, [one["count"] for one in filled], width=4, color=SERIES[5], alpha=0.7)
        below.set_ylabel("count")
        below.locator_params(axis="y", nbins=2, integer=True)
        below.set_xlabel("confidence, %")
        below.set_xlim(0, 102)

    said = (f"{100 * one['confidence']:.0f}% sure, {100 * one['accuracy']:.0f}% right" for one in filled)
    return Chart(name, title, f"{title}: " + "; ".join(said) + ".", (WIDTH, 3.4), draw)


def curves(name: str, title: str, unit: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> Chart:
    """Lines of (step, value); at most six."""
    lines = dict(list(series.items())[: len(SERIES)])

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for colour, (label, points) in zip(SERIES, lines.items(), strict=False):
            axes.plot(
                *zip(*points, strict=True), color=colour, marker="o", markersize=3, linewidth=1.4, label=_label(label)
            )
        axes.set_xlabel("step")
        axes.set_ylabel(unit)
        axes.locator_params(axis="y", nbins=5)
        axes.ticklabel_format(axis="y", scilimits=(-3, 5))
        axes.locator_params(axis="x", nbins=6, integer=True)
        if len(lines) > 1:
            axes.legend()

    said = "; ".join(
        f"{shortened(label)} from {points[0][1]:.3g} to {points[-1][1]:.3g}" for label, points in lines.items()
    )
    return Chart(name, title, f"{title}, by step: {said}.", (WIDTH, 2.6), draw)


def points(name: str, title: str, xlabel: str, rows: Sequence[Bar]) -> Chart:
    """Scores in percent of groups in a natural order, each with its interval, joined by a line."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        # NaN leaves a gap in the line where nothing could be computed
        values = [math.nan if bar.value is None else 100 * bar.value for bar in rows]
        axes.plot(range(len(rows)), values, color=SERIES[0], marker="o", markersize=5, linewidth=1)
        for x, bar in enumerate(rows):
            if bar.value is not None and bar.interval:
                axes.plot([x, x], [100 * bound for bound in bar.interval], color=INK, linewidth=1.2, marker="_")
        axes.set_xticks(range(len(rows)), [_label(bar.label) for bar in rows])
        axes.set_xlim(-0.5, len(rows) - 0.5)
        axes.set_ylim(0, 105)
        axes.set_xlabel(xlabel)
        axes.set_ylabel("F1, %")

    return Chart(name, title, f"{title}: " + "; ".join(map(_in_words, rows)) + ".", (WIDTH, 2.6), draw)


def growth(
    name: str, title: str, measured: Sequence[tuple[float, float]], band: Sequence[tuple[float, float, float, float]]
) -> Chart:
    """A learning curve: (documents, score) as measured, and (documents, score, low, high) of what was fitted to them."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        if band:
            sizes, fitted, low, high = zip(*band, strict=True)
            axes.fill_between(sizes, _percents(low), _percents(high), color=SERIES[0], alpha=0.18, linewidth=0)
            axes.plot(sizes, _percents(fitted), color=SERIES[0], linewidth=1.2, label="fitted")
        axes.plot(
            *(zip(*((size, 100 * score) for size, score in measured), strict=True)),
            "o",
            color=SERIES[1],
            label="measured",
        )
        axes.set_xlabel("training documents")
        axes.set_ylabel("score, %")
        axes.legend()

    said = "; ".join(f"{size:,.0f} documents {100 * score:.1f}%" for size, score in measured)
    return Chart(name, title, f"{title}: {said}.", (WIDTH, 2.8), draw)


def _few(size: int) -> list[int]:
    return list(range(size)) if size <= _MOST_IN_MATRIX else [*range(_MOST_IN_MATRIX - 1), size - 1]


def _label(text: str) -> str:
    short = shortened(text, 10**6) or "(empty)"
    return short if len(short) <= _LONGEST_LABEL else short[: _LONGEST_LABEL - 1] + "…"


def _in_words(bar: Bar) -> str:
    value = "not computed" if bar.value is None else f"{100 * bar.value:.1f}%"
    within = (
        f" ({100 * bar.interval[0]:.1f} to {100 * bar.interval[1]:.1f})"
        if bar.value is not None and bar.interval
        else ""
    )
    return f"{shortened(bar.label, 60)} {value}{within}"


def _percents(shares: Sequence[float]) -> list[float]:
    return [100 * share for share in shares]
