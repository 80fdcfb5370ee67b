"""The embedded questions are what their data card says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from spanwright.data.convert import ConvertSettings, convert
from spanwright.data.exporting.docs import answers_of, question_of, read_docs
from spanwright.data.readers.formats import ReadOptions
from spanwright.qa.question_types import QUESTION_TYPES, question_type

ASSETS = Path(__file__).parents[2] / "assets"
FOLDER = ASSETS / "job_ads_qa"


@dataclass(frozen=True)
class Asked:
    context: str
    question: str
    answers: tuple[tuple[str, int], ...]
    impossible: bool
    id: str


def read(name: str) -> list[Asked]:
    asked = []
    for article in json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["data"]:
        [paragraph] = article["paragraphs"]
        for entry in paragraph["qas"]:
            answers = tuple((answer["text"], answer["answer_start"]) for answer in entry["answers"])
            asked.append(Asked(paragraph["context"], entry["question"], answers, entry["is_impossible"], entry["id"]))
    return asked


@pytest.fixture(scope="module")
def corpora() -> dict[str, list[Asked]]:
    return {name: read(name) for name in ("train", "dev")}


def test_answers_stand_where_they_are_said_to(corpora: dict[str, list[Asked]]) -> None:
    for asked in corpora["train"] + corpora["dev"]:
        assert asked.impossible == (not asked.answers), asked
        assert len(set(asked.answers)) == len(asked.answers), asked
        for text, start in asked.answers:
            assert text == text.strip() != ""
            assert asked.context[start : start + len(text)] == text, asked


def test_several_answers_overlap(corpora: dict[str, list[Asked]]) -> None:
    for asked in corpora["train"] + corpora["dev"]:
        for text, start in asked.answers[1:]:
            first, first_start = asked.answers[0]
            assert start < first_start + len(first), asked
            assert first_start < start + len(text), asked


def test_questions_and_ids_stand_once(corpora: dict[str, list[Asked]]) -> None:
    asked = corpora["train"] + corpora["dev"]
    assert len({question.id for question in asked}) == len(asked)
    assert len({question.question.lower() for question in asked}) == len(asked)


def test_train_and_dev_share_no_context(corpora: dict[str, list[Asked]]) -> None:
    train, dev = ({asked.context for asked in corpora[name]} for name in ("train", "dev"))
    assert not train & dev


@pytest.mark.parametrize("name", ["train", "dev"])
def test_counts_are_those_of_the_card(corpora: dict[str, list[Asked]], name: str) -> None:
    asked = corpora[name]
    counts = [
        len({question.context for question in asked}),
        len(asked),
        sum(question.impossible for question in asked),
        sum(len(question.answers) for question in asked),
        sum(len(question.answers) > 1 for question in asked),
    ]
    assert f"| {name} | {' | '.join(map(str, counts))} |" in (FOLDER / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["train", "dev"])
def test_every_type_of_question_is_asked(corpora: dict[str, list[Asked]], name: str) -> None:
    assert {question_type(asked.question) for asked in corpora[name]} == set(QUESTION_TYPES)


@pytest.mark.parametrize("name", ["train", "dev"])
def test_contexts_are_the_ads_and_convert_without_a_finding(
    corpora: dict[str, list[Asked]], tmp_path: Path, name: str
) -> None:
    report = tmp_path / "report.json"
    convert([ASSETS / "job_ads" / f"{name}.tsv"], tmp_path / "ads", ConvertSettings(strict=True))
    convert([FOLDER / f"{name}.json"], tmp_path, ConvertSettings(ReadOptions(task="qa"), strict=True), report=report)
    assert json.loads(report.read_text("utf-8"))["findings"] == []
    docs = list(read_docs(tmp_path / f"{name}.spacy"))
    asked = corpora[name]
    assert [(doc.text, question_of(doc), tuple(answers_of(doc))) for doc in docs] == [
        (question.context, question.question, question.answers) for question in asked
    ]
    assert {question.context for question in asked} <= {
        doc.text for doc in read_docs(tmp_path / "ads" / f"{name}.spacy")
    }
