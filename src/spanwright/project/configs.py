"""`spacy init fill-config`, whole or not at all, with its errors in one line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file
from spanwright.project.commands import spacy_command

COLOUR = re.compile(r"\x1b\[[\d;]*m")
SECTION = re.compile(r"^\{.*\}\s*\Z", re.MULTILINE | re.DOTALL)  # that confection prints below what is wrong with it
RAISED = re.compile(r"^[\w.]+(?:Error|Exception): (.+)", re.MULTILINE | re.DOTALL)


def fill_config(base: Path, output: Path) -> None:
    """Write the partial config `base`, completed with spaCy's defaults, to `output`.

    Raises SpanwrightError with the reason when spaCy refuses it.
    """
    if not base.is_file():
        raise SpanwrightError(Errors.S001.format(path=base))
    with atomic_file(output) as partial:
        command = spacy_command("init", "fill-config", str(base), str(partial))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SpanwrightError(Errors.S085.format(config=base, reason=one_line(done.stdout + done.stderr)))


def one_line(output: str) -> str:
    """Return what a failed command printed as one line: of a traceback, only what was raised; no whole section of a config."""
    text = SECTION.sub("", COLOUR.sub("", output))
    raised = RAISED.findall(text) if "Traceback" in text else []
    return " ".join((raised[-1] if raised else text).split())
