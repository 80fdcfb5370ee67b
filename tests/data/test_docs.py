from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spanwright.data.checks import KINDS
from spanwright.data.exporting.docs import read_docs
from spanwright.data.readers.formats import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_the_page_has_every_finding():
    for code, kind in KINDS.items():
        assert f"| `{code}` | {kind.summary} | {'refused' if kind.strict else 'reported'} |" in PAGE


def test_the_page_names_every_format():
    assert all(f"`{name}`" in PAGE for name in FORMATS if name != "auto")


def test_docs_share_the_vocab_they_are_read_with(tmp_path):
    DocBin(docs=[Doc(Vocab(), words=["data"])]).to_disk(tmp_path / "a.spacy")
    for vocab in (Vocab(), Vocab(strings=["known"])):
        assert [doc.vocab is vocab for doc in read_docs(tmp_path / "a.spacy", vocab)] == [True]
