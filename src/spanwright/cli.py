"""What the thin commands under `scripts/` share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import typer
from wasabi import msg

from spanwright.errors import SpanwrightError


def run(command: Callable[..., Any]) -> None:
    """Run `command` as a typer program: a `SpanwrightError` becomes one printed line and exit code 1; wrong usage exits with 2."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app()
    except SpanwrightError as error:
        msg.fail(str(error))
        sys.exit(1)
