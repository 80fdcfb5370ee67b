"""What the tests of annotation data share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spanwright.data.convert import ConvertSettings, convert

SHARED = Path(__file__).parents[2] / "../shared"
Sentence = list[tuple[str, str]]


@dataclass
class Outcome:
    """A converted file, read back by spaCy."""

    docs: list[Doc]
    decisions: str
    findings: list[dict[str, Any]]
    ledger: dict[str, Any]

    @property
    def sentences(self) -> list[Sentence]:
        return [[(t.text, t.ent_iob_ + (t.ent_type_ and f"-{t.ent_type_}")) for t in doc] for doc in self.docs]

    @property
    def spans(self) -> list[list[tuple[int, int, str]]]:
        return [[(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] for doc in self.docs]

    @property
    def codes(self) -> list[str]:
        return [finding["code"] for finding in self.findings]


def read_corpus(path: Path) -> list[Doc]:
    vocab = Vocab()
    files = sorted(path.glob("*.spacy")) if path.is_dir() else [path]
    return [doc for file in files for doc in DocBin().from_disk(file).get_docs(vocab)]


def convert_file(path: Path, out: Path, settings: ConvertSettings | None = None) -> Outcome:
    report = out / "report.json"
    [result] = convert([path], out, settings or ConvertSettings(), report=report)
    written = json.loads(report.read_text(encoding="utf-8"))
    ledger = json.loads((out / f"{result.name}.ledger.json").read_text(encoding="utf-8"))
    docs = [doc for corpus in result.docs for doc in read_corpus(corpus)]
    return Outcome(docs, "; ".join(result.decisions), written["findings"], ledger)


def convert_text(
    text: str | bytes, folder: Path, settings: ConvertSettings | None = None, *, name: str = "a.tsv"
) -> Outcome:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return convert_file(path, folder / "out", settings)
