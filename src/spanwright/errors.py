"""Every message Spanwright refuses input with, in one list.

Codes: S0xx files, settings and commands; S1xx annotations; S2xx encoder and optimizer; S3xx entities; S4xx questions;
S5xx categories; S6xx evaluation. A message names the setting or `file:line`, what is allowed, what was found and what to do.
"""

from __future__ import annotations


class SpanwrightError(ValueError):
    """Input or a setting that its user can mend. Commands print it as one line and exit with 1."""


class _WithCodes(type):
    def __getattribute__(cls, code: str) -> str:
        message: str = super().__getattribute__(code)
        return message if code.startswith("__") else f"[{code}] {message}"


class Errors(metaclass=_WithCodes):
    # Files, settings and commands
    S001 = "{path}: no such file. Check the path, or run the step of project.yml that makes it."
