"""Scores of a pipeline on a corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spanwright.errors import SpanwrightError
from spanwright.evaluation.evaluate import evaluate_pipeline, label_rows


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A pipeline that takes "acme" for an ORG and "may" for a DATE."""
    nlp = spacy.blank("en")
    patterns = [{"label": "ORG", "pattern": "acme"}, {"label": "DATE", "pattern": "may"}]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def write_corpus(path: Path, *annotated: tuple[str, list[tuple[int, int, str]]]) -> Path:
    vocab = spacy.blank("en").vocab
    docs = DocBin()
    for text, spans in annotated:
        doc = Doc(vocab, words=text.split())
        doc.set_ents([Span(doc, start, end, label=label) for start, end, label in spans])
        docs.add(doc)
    docs.to_disk(path)
    return path


def test_scores_and_support_by_label(pipeline: Path, tmp_path: Path) -> None:
    data = write_corpus(
        tmp_path / "dev.spacy", ("acme hires in may", [(0, 1, "ORG")]), ("bolt hires", [(0, 1, "ORG")]), ("hello", [])
    )
    report = evaluate_pipeline(pipeline, data)
    assert (report["documents"], report["words"]) == (3, 7)
    assert report["per_label"]["ORG"] == {"p": 1.0, "r": 0.5, "f": pytest.approx(2 / 3), "support": 2}
    assert report["per_label"]["DATE"]["support"] == 0
    assert report["scores"]["ents_p"] == 0.5
    assert report["words_per_second"] > 0
    assert label_rows(report)[-1] == ("all", "50.0", "50.0", "50.0", 2)


def test_what_cannot_be_scored_is_none_not_zero(pipeline: Path, tmp_path: Path) -> None:
    report = evaluate_pipeline(pipeline, write_corpus(tmp_path / "dev.spacy", ("nothing here", [])))
    assert report["scores"]["ents_f"] is None or report["scores"]["ents_per_type"] == {}
    assert all(row[-1] == 0 for row in label_rows(report))


def test_missing_and_empty_files_are_refused(pipeline: Path, tmp_path: Path) -> None:
    with pytest.raises(SpanwrightError, match=r"S001.*absent\.spacy"):
        evaluate_pipeline(pipeline, tmp_path / "absent.spacy")
    with pytest.raises(SpanwrightError, match=r"S601.*empty\.spacy"):
        evaluate_pipeline(pipeline, write_corpus(tmp_path / "empty.spacy"))
