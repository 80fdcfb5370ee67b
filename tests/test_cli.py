from __future__ import annotations

import sys

import pytest

from spanwright.cli import run
from spanwright.errors import Errors, SpanwrightError


def command(size: int, name: str = "it") -> None:
    if size < 0:
        raise SpanwrightError(Errors.S001.format(path=name * 60))
    if size == 0:
        raise RuntimeError("a fault of ours")


@pytest.mark.parametrize(
    ("arguments", "code", "lines"), [(["--", "-1"], 1, 1), ([], 2, None), (["many"], 2, None), (["1"], 0, 0)]
)
def test_exit_code(arguments, code, lines, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["command", *arguments])
    with pytest.raises(SystemExit) as exit_:
        run(command)
    output = "".join(capsys.readouterr())
    assert (exit_.value.code or 0) == code
    assert "Traceback" not in output
    if lines is not None:
        assert len(output.strip().splitlines()) == lines
    if code == 1:
        assert "[S001] " + "it" * 60 in output


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["command", "0"])
    with pytest.raises(RuntimeError, match="a fault of ours"):
        run(command)
