"""`spacy init fill-config`, whole or not at all, with its errors in one line."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from thinc.api import Config, ConfigValidationError

from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file
from spanwright.project.commands import spacy_command

COLOUR = re.compile(r"\x1b\[[\d;]*m")
SECTION = re.compile(r"^\{.*\}\s*\Z", re.MULTILINE | re.DOTALL)  # that confection prints below what is wrong with it
RAISED = re.compile(r"^[\w.]+(?:Error|Exception): (.+)", re.MULTILINE | re.DOTALL)


def fill_config(base: Path, output: Path, *, lang: str | None = None) -> None:
    """Write the partial config `base`, completed with spaCy's defaults, to `output`.

    lang: in place of the config's [nlp] lang, whose tokenizer and other defaults are then those of this language.

    Raises SpanwrightError with the reason when spaCy refuses it.
    """
    if not base.is_file():
        raise SpanwrightError(Errors.S001.format(path=base))
    text = base.read_text(encoding="utf-8")
    if lang is not None:
        text = with_language(text, lang)
    with atomic_file(output) as partial, TemporaryDirectory() as folder:
        given = Path(folder) / base.name
        given.write_text(text, encoding="utf-8")
        command = spacy_command("init", "fill-config", str(given), str(partial))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SpanwrightError(Errors.S085.format(config=base, reason=one_line(done.stdout + done.stderr)))


def with_language(config: str, lang: str) -> str:
    """Return the text of a config with another [nlp] lang; that of a faulty one as it is, for spaCy to say what is wrong."""
    try:
        parsed = Config().from_str(config, interpolate=False)
    except (configparser.Error, ConfigValidationError, ValueError):
        return config
    parsed.setdefault("nlp", {})["lang"] = lang
    return parsed.to_str(interpolate=False)


def one_line(output: str) -> str:
    """Return what a failed command printed as one line without its full stop: of a traceback, only what was raised; no whole
    section of a config.
    """
    text = SECTION.sub("", COLOUR.sub("", output))
    raised = RAISED.findall(text) if "Traceback" in text else []
    return " ".join((raised[-1] if raised else text).split()).removesuffix(".")
