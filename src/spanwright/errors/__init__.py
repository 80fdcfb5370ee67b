"""Every message Spanwright refuses input with; a module for each hundred of codes.

A message names the setting or `file:line`, what is allowed, what was found and what to do.
"""

from __future__ import annotations

from spanwright.errors.components import ComponentErrors
from spanwright.errors.data import DataErrors
from spanwright.errors.encoder import EncoderErrors
from spanwright.errors.evaluation import EvaluationErrors
from spanwright.errors.ner import NerErrors
from spanwright.errors.project import ProjectErrors
from spanwright.errors.qa import QaErrors
from spanwright.errors.textcat import TextcatErrors


class SpanwrightError(ValueError):
    """Input or a setting that its user can mend. Commands print it as one line and exit with 1."""


class _WithCodes(type):
    def __getattribute__(cls, code: str) -> str:
        message: str = super().__getattribute__(code)
        return message if code.startswith("__") else f"[{code}] {message}"


class Errors(
    ProjectErrors,
    DataErrors,
    EncoderErrors,
    ComponentErrors,
    NerErrors,
    QaErrors,
    TextcatErrors,
    EvaluationErrors,
    metaclass=_WithCodes,
):
    """`Errors.S001` is the message with its code before it."""
