"""Charts as SVG that takes its colours from the page around it, and as PNG."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.report.charts import INK, LINE, SERIES
from spanwright.evaluation.report.content import Chart, Section
from spanwright.files import atomic_file

_THEME = {INK: "currentColor", LINE: "var(--line)", **{colour: f"var(--c{i})" for i, colour in enumerate(SERIES, 1)}}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_PNG_DPI = 200
_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: searchable, and the browser knows right-to-left scripts
    "svg.hashsalt": "spanwright",
    "text.color": INK,
    "text.parse_math": False,  # a label may hold dollar signs
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}


def svg(chart: Chart) -> str:
    """The chart as an `<svg>` element without size, script, style sheet or reference to the outside.

    Colours become CSS variables (--c1 to --c6, --line) and currentColor; ids start with the chart's name.
    Raises SpanwrightError where matplotlib is not installed.
    """
    written = io.BytesIO()
    _save(chart, written, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(written.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        for key, value in element.attrib.items():
            element.set(key, _themed(key, value, chart.name))
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-label", chart.alt)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def write_pngs(sections: Iterable[Section], folder: Path) -> list[Path]:
    """Write each chart of the sections to `folder/NAME.png`, on white, and return the paths.

    Raises SpanwrightError where matplotlib is not installed.
    """
    charts = [block for section in sections for block in section.blocks if isinstance(block, Chart)]
    paths = [folder / f"{chart.name}.png" for chart in charts]
    for chart, path in zip(charts, paths, strict=True):
        with atomic_file(path) as partial:
            _save(chart, partial, format="png", dpi=_PNG_DPI, facecolor="white")
    return paths


def _save(chart: Chart, target: io.BytesIO | Path, **options: Any) -> None:
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SpanwrightError(Errors.S632) from error
    with rc_context(_STYLE), warnings.catch_warnings():
        # the font that measures has not all scripts; the page's fonts show them
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=chart.size)
        chart.draw(figure)
        figure.savefig(target, **options)


def _themed(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == f"{{{_XLINK}}}href":
        return f"#{name}-{value.removeprefix('#')}"
    value = value.replace("url(#", f"url(#{name}-")
    for colour, variable in _THEME.items():
        value = value.replace(colour, variable)
    return value
