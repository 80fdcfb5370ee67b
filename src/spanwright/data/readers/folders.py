"""A folder for each category, with a text a file in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from spanwright.data.checks import Finding
from spanwright.data.readers.shape import Shape
from spanwright.data.readers.texts import Located
from spanwright.data.sources import Source
from spanwright.errors import Errors, SpanwrightError

_SUFFIXES = (".txt", ".txt.gz")
# What IMDB's authors, and others, call texts without a category.
_UNLABELLED = frozenset(("unsup", "unlabeled", "unlabelled"))


class LabelFolders:
    """The texts of `folder/LABEL/*.txt`, in the order of their names; `notes` tells what else is there.

    RAISES (SpanwrightError): A folder without such texts, or with folders inside of those.
    """

    def __init__(self, folder: Path, open_source: Callable[[Path], Source]) -> None:
        self._open_source = open_source
        self._paths: list[Path] = []
        notes: list[Finding] = []
        for path in sorted(folder.iterdir()):
            if not path.is_dir() or path.name.startswith(".") or path.name.casefold() in _UNLABELLED:
                files = sum(1 for one in path.rglob("*") if one.is_file()) if path.is_dir() else 1
                notes.append(Finding("ignored-file", str(path), 1, f"{files} files" if path.is_dir() else path.name))
            else:
                notes += self._take(path)
        self.notes = tuple(notes)
        if not self._paths:
            raise SpanwrightError(Errors.S117.format(path=folder))

    def _take(self, label: Path) -> list[Finding]:
        """Take the texts of one category, and report the other files."""
        entries = sorted(label.iterdir())
        if inner := [path for path in entries if path.is_dir() and not path.name.startswith(".")]:
            raise SpanwrightError(Errors.S132.format(path=inner[0], label=label.name))
        texts = [path for path in entries if _is_text(path)]
        self._paths += texts
        others = sorted(set(entries).difference(texts))
        return [
            Finding("ignored-file" if path.name.startswith(".") else "other-file", str(path), 1, path.name)
            for path in others
        ]

    def __call__(self) -> Iterator[Located]:
        """Yield the texts."""
        for path in self._paths:
            text = "".join(self._open_source(path).texts())
            cats = {path.parent.name: 1.0}
            yield Located(str(path), 1, Shape(text, None, cats, True, path.stem, tool="a folder a label"))


def _is_text(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(_SUFFIXES) and not path.name.startswith(".")
