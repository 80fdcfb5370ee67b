"""What the thin commands under `scripts/` share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import typer
from wasabi import Printer

from spanwright.errors import SpanwrightError

# wasabi breaks lines at 80 columns; a message that names file:line should stay one line, to be searched and copied
say = Printer(line_max=100_000)


def run(command: Callable[..., Any]) -> None:
    """Run `command` as a typer program: a `SpanwrightError` becomes one printed line and exit code 1; wrong usage exits with 2."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app()
    except SpanwrightError as error:
        say.fail(str(error))
        sys.exit(1)
