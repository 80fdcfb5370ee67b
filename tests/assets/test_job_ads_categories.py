"""The categories of the embedded ads are what their card says, of the same texts as the entities."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spanwright.data.convert import ConvertSettings, convert
from spanwright.data.merging import merge
from spanwright.data.readers.formats import ReadOptions

ASSETS = Path(__file__).parents[2] / "assets"
FOLDER = ASSETS / "job_ads_categories"
FAMILIES = {
    "software",
    "data",
    "engineering",
    "trades_logistics",
    "health_science",
    "education_public",
    "finance_law",
    "commerce",
}
SPLITS = ("train", "dev")
KINDS = ("family", "conditions")
FEWEST = {"train": 9, "dev": 3}


def read(kind: str, split: str) -> list[dict[str, Any]]:
    lines = (FOLDER / kind / f"{split}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def read_docs(path: Path) -> list[Doc]:
    return list(DocBin().from_disk(path).get_docs(Vocab()))


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """Corpora by kind and split, converted strictly; a finding of any kind fails."""
    out = tmp_path_factory.mktemp("corpora")
    paths = {}
    for kind, folder, suffix, task in (
        ("entities", ASSETS / "job_ads", "tsv", "ner"),
        *((kind, FOLDER / kind, "jsonl", "textcat") for kind in KINDS),
    ):
        settings = ConvertSettings(read=ReadOptions(task=task), strict=True)
        for result in convert([folder / f"{split}.{suffix}" for split in SPLITS], out / kind, settings):
            assert not result.findings.counts
            [path] = result.docs
            paths[kind, result.name] = path
    return paths


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_those_of_the_entities(corpora: dict[tuple[str, str], Path], kind: str, split: str) -> None:
    texts = [doc.text for doc in read_docs(corpora["entities", split])]
    assert [record["text"] for record in read(kind, split)] == texts
    assert [doc.text for doc in read_docs(corpora[kind, split])] == texts


@pytest.mark.parametrize("split", SPLITS)
def test_one_family_for_each_ad_and_every_label_often_enough(split: str) -> None:
    families = Counter(record["label"] for record in read("family", split))
    conditions = sum((Counter(record["cats"]) for record in read("conditions", split)), Counter())
    assert families.keys() == FAMILIES
    assert conditions.keys().isdisjoint(FAMILIES)
    assert len(conditions) == 12
    assert min(*families.values(), *conditions.values()) >= FEWEST[split]
    assert all(record["cats"].keys() == conditions.keys() for record in read("conditions", split))


@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_those_of_the_card(kind: str) -> None:
    card = (FOLDER / "README.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in card.splitlines() if line.startswith("|")]
    stated = {row[0]: row[2:] for row in rows}
    counts = {split: Counter(label for record in read(kind, split) for label in _labels(record)) for split in SPLITS}
    for label in counts["train"]:
        assert stated[label] == [str(counts[split][label]) for split in SPLITS]


@pytest.mark.parametrize("split", SPLITS)
def test_merged_with_the_entities_an_ad_has_everything(
    corpora: dict[tuple[str, str], Path], tmp_path: Path, split: str
) -> None:
    kinds = ("entities", *KINDS)
    result = merge([corpora[kind, split] for kind in kinds], tmp_path / "all.spacy")
    assert (result.lacking, result.left_out) == ({}, {})
    entities = read_docs(corpora["entities", split])
    for doc, alone in zip(read_docs(tmp_path / "all.spacy"), entities, strict=True):
        assert [(ent.text, ent.label_) for ent in doc.ents] == [(ent.text, ent.label_) for ent in alone.ents]
        assert len(doc.cats) == len(FAMILIES) + 12
        assert sum(doc.cats[family] for family in FAMILIES) == 1


def _labels(record: dict[str, Any]) -> list[str]:
    return [record["label"]] if "label" in record else [label for label, holds in record["cats"].items() if holds]
