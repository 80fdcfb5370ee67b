"""A report as one HTML file that needs nothing else: no network, no script, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from spanwright.evaluation.report.content import Chart, Section, Span, shortened
from spanwright.evaluation.report.marking import marked
from spanwright.evaluation.report.svg import svg


def html(title: str, sections: Sequence[Section]) -> str:
    """The page."""
    environment = Environment(
        autoescape=True,
        loader=PackageLoader("spanwright.evaluation.report"),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(short=shortened, draw=_draw, mark=_mark, kind=_kind)
    return environment.get_template("report.html").render(title=title, sections=sections)


def _draw(chart: Chart) -> Markup:
    return Markup(svg(chart))


def _mark(spans: Sequence[Span], text: str, kind: str) -> Markup:
    return marked(text, spans, kind)


def _kind(block: Any) -> str:
    return type(block).__name__.lower()
