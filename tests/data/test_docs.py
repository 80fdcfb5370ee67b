from pathlib import Path

from spanwright.data.checks import KINDS
from spanwright.data.readers.formats import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_the_page_has_every_finding():
    for code, kind in KINDS.items():
        assert f"| `{code}` | {kind.summary} | {'refused' if kind.strict else 'reported'} |" in PAGE


def test_the_page_names_every_format():
    assert all(f"`{name}`" in PAGE for name in FORMATS if name != "auto")
