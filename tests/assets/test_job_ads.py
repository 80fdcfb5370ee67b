"""The embedded corpus is what its data card says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "assets" / "job_ads"
LABELS = ("SKILLS", "DIPLOMA", "DIPLOMA_MAJOR", "EXPERIENCE")
TAG = re.compile(rf"O|[BI]-(?:{'|'.join(LABELS)})")

Ad = list[tuple[str, str]]


def read(name: str) -> list[Ad]:
    """Read strictly: exactly token TAB tag, one blank line between ads, a newline at the end."""
    text = (FOLDER / f"{name}.tsv").read_bytes().decode("utf-8")
    assert text.endswith("\n")
    assert "\r" not in text
    ads = []
    for block in text.removesuffix("\n").split("\n\n"):
        rows = [row.split("\t") for row in block.split("\n")]
        assert all(len(row) == 2 and row[0].strip() == row[0] != "" and TAG.fullmatch(row[1]) for row in rows), block
        ads.append([(token, tag) for token, tag in rows])
    return ads


@pytest.fixture(scope="module")
def corpora() -> dict[str, list[Ad]]:
    return {name: read(name) for name in ("train", "dev")}


def test_tags_are_iob2(corpora: dict[str, list[Ad]]) -> None:
    for ad in corpora["train"] + corpora["dev"]:
        for (_, before), (token, tag) in zip([("", "O"), *ad], ad, strict=False):
            if tag.startswith("I-"):
                assert before[2:] == tag[2:], (token, before, tag)


def test_sizes_and_lengths(corpora: dict[str, list[Ad]]) -> None:
    assert len(corpora["train"]) >= 120
    assert len(corpora["dev"]) >= 40
    assert all(30 <= len(ad) <= 250 for ads in corpora.values() for ad in ads)


@pytest.mark.parametrize("name", ["train", "dev"])
def test_counts_are_those_of_the_card(corpora: dict[str, list[Ad]], name: str) -> None:
    ads = corpora[name]
    spans = Counter(tag[2:] for ad in ads for _, tag in ad if tag.startswith("B-"))
    counts = [len(ads), sum(map(len, ads)), *(spans[label] for label in LABELS)]
    assert f"| {name} | {' | '.join(map(str, counts))} |" in (FOLDER / "README.md").read_text("utf-8")


def test_every_label_is_balanced_between_train_and_dev(corpora: dict[str, list[Ad]]) -> None:
    per_ad = {
        name: Counter({label: sum(tag == f"B-{label}" for ad in ads for _, tag in ad) / len(ads) for label in LABELS})
        for name, ads in corpora.items()
    }
    for label in LABELS:
        assert 0.6 < per_ad["dev"][label] / per_ad["train"][label] < 1.6, label


def test_no_near_duplicates_between_train_and_dev(corpora: dict[str, list[Ad]]) -> None:
    def five_grams(ad: Ad) -> set[tuple[str, ...]]:
        words = [token.lower() for token, _ in ad]
        return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}

    train, dev = ([five_grams(ad) for ad in corpora[name]] for name in ("train", "dev"))
    assert max(len(a & b) / len(a | b) for a in train for b in dev) < 0.2


def test_no_sentence_stands_twice(corpora: dict[str, list[Ad]]) -> None:
    sentences: Counter[str] = Counter()
    for ad in corpora["train"] + corpora["dev"]:
        text = " ".join(token for token, _ in ad)
        found = {" ".join(re.findall(r"\w+", part.lower())) for part in re.split(r" [.!?] | [•\-–*] ", text)}
        sentences.update(sentence for sentence in found if len(sentence.split()) > 3)
    assert [sentence for sentence, count in sentences.items() if count > 1] == []
