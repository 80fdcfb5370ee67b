"""Runs the commands under `scripts/` in this process: starting Python and spaCy anew takes seconds."""

import runpy
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


def run_script(name, *arguments):
    """Run a script as from the command line, and return its exit code."""
    path = str(SCRIPTS / name)
    with patch.object(sys, "argv", [path, *map(str, arguments)]), pytest.raises(SystemExit) as stopped:
        runpy.run_path(path, run_name="__main__")
    return stopped.value.code
