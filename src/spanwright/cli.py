"""What the thin commands under `scripts/` share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import typer
from wasabi.util import COLORS, ICONS, MESSAGES, color

from spanwright.errors import Errors, SpanwrightError


class Say:
    """wasabi's messages, each on one line: wasabi breaks lines at 80 columns, and what names file:line must stay whole to be
    searched and copied.
    """

    def good(self, title: str, text: object = "") -> None:
        self._print(MESSAGES.GOOD, title, text)

    def info(self, title: str, text: object = "") -> None:
        self._print(MESSAGES.INFO, title, text)

    def warn(self, title: str, text: object = "") -> None:
        self._print(MESSAGES.WARN, title, text)

    def fail(self, title: str, text: object = "") -> None:
        self._print(MESSAGES.FAIL, title, text)

    @staticmethod
    def _print(kind: str, title: str, text: object) -> None:
        line = f"{title}: {text}" if text else title
        print(color(f"{ICONS[kind]} {line}", fg=COLORS[kind]) if sys.stdout.isatty() else f"{ICONS[kind]} {line}")


say = Say()


def run(command: Callable[..., Any]) -> None:
    """Run `command` as a typer program: a `SpanwrightError` or a file that cannot be read or written becomes one printed
    line and exit code 1; wrong usage exits with 2.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app()
    except SpanwrightError as error:
        say.fail(str(error))
        sys.exit(1)
    except OSError as error:  # a full disk, a folder without rights: what no command can foresee at every write
        say.fail(Errors.S002.format(path=error.filename or "a file", reason=error.strerror or error))
        sys.exit(1)
