"""Running another command line as one step."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from spanwright.errors import Errors, SpanwrightError


def spacy_command(*arguments: str) -> list[str]:
    """Return the command line of a spaCy command, run by this Python."""
    return [sys.executable, "-m", "spacy", *arguments]


def run_command(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    capture: bool = False,
    accept: Sequence[int] = (0,),
) -> str:
    """Run `command`; return what it printed when `capture` is set, else let it print.

    Raises SpanwrightError with the command and the end of its output when its exit code is not one of `accept`.
    """
    line = [str(part) for part in command]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if capture else {}
    done = subprocess.run(line, cwd=cwd, env=env, text=True, check=False, **pipe)  # type: ignore[call-overload]
    output: str = done.stdout or ""
    if done.returncode not in accept:
        tail = output.strip()[-2000:] or "its output is above"
        raise SpanwrightError(Errors.S070.format(command=shlex.join(line), code=done.returncode, output=tail))
    return output
