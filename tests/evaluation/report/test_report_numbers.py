"""One number in the JSON, the page, the card and the charts; and no number where none could be computed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from huggingface_hub import ModelCard
from page_reader import Page
from small_runs import TEXTS, RunFolder, ruler

from spanwright.evaluation.answers import answer_metrics
from spanwright.evaluation.report.card import card
from spanwright.evaluation.report.collect import Run
from spanwright.evaluation.report.html import html
from spanwright.evaluation.report.sections import sections


def page_of(run: Run) -> Page:
    return Page(html("a run", sections(run)))


def numbers_in(part: Any) -> list[float]:
    """All numbers but the bounds of intervals, which stand in the page as text."""
    if isinstance(part, dict):
        return [number for key, inner in part.items() if key != "intervals" for number in numbers_in(inner)]
    if isinstance(part, list | tuple):
        return [number for inner in part for number in numbers_in(inner)]
    return [part] if isinstance(part, int | float) and not isinstance(part, bool) else []


@pytest.mark.parametrize("kind", ["hostile", "categories"])
def test_the_page_has_every_number_of_the_metrics(kind: str, request: pytest.FixtureRequest) -> None:
    run, page = (request.getfixturevalue(name) for name in (kind, f"{kind}_page"))
    shown = {value for value, _ in page.numbers}
    for part in ("entities", "categories", "scores"):
        assert [number for number in numbers_in(run.metrics[part]) if number not in shown] == []


def test_the_numbers_of_a_label_stand_in_its_row(hostile: Run, hostile_page: Page) -> None:
    date = hostile.metrics["entities"]["labels"]["DATE"]
    schemes = [date["schemes"][scheme]["f"] for scheme in ("strict", "exact", "partial", "type")]
    keys = ("p", "r", "f", "tp", "fp", "fn", "support", "predicted")
    assert [*(date[key] for key in keys), *schemes] in hostile_page.rows


def test_what_is_shown_is_the_number_rounded(hostile_page: Page) -> None:
    forms = ("{0:,}", "{1:.1f}", "{0:,.1f}", "{0:.3f}")
    for value, shown in hostile_page.numbers:
        number = int(value) if value.is_integer() else value
        assert shown in [form.format(number, 100 * value) for form in forms]


def test_intervals_stand_beside_their_scores(hostile: Run, hostile_page: Page) -> None:
    low, high = hostile.metrics["entities"]["micro"]["intervals"]["f"]
    assert f"{100 * low:.1f}–{100 * high:.1f}" in hostile_page.text
    assert f"({100 * low:.1f}–{100 * high:.1f})" in card(hostile.meta, hostile.metrics, hostile.data)


def test_the_card_has_the_numbers_of_the_metrics(hostile: Run) -> None:
    content = card(hostile.meta, hostile.metrics, hostile.data)
    micro = hostile.metrics["entities"]["micro"]
    data = ModelCard(content).data
    results = {result.metric_name: result.metric_value for result in data.eval_results}
    assert results == {"F1 of entities": micro["f"], "precision": micro["p"], "recall": micro["r"]}
    assert (data.language, data.license, data.tags) == (
        "en",
        "unknown",
        ["spacy", "spanwright", "token-classification"],
    )
    rows = [[cell.strip().split(" (")[0] for cell in line.split("|")] for line in content.splitlines()]
    (date,) = [row for row in rows if row[1:2] == ["`DATE`"] and len(row) > 10]
    label = hostile.metrics["entities"]["labels"]["DATE"]
    assert date[2:9] == [
        *(f"{100 * label[key]:.1f}" for key in "prf"),
        *(str(label[key]) for key in ("tp", "fp", "fn", "support")),
    ]


def test_the_last_digit_of_a_score_survives_reading(folder: RunFolder) -> None:
    folder.evaluate(ruler(ann="PERSON"), TEXTS)
    metrics = json.loads(folder.metrics.read_text("utf-8"))
    metrics["entities"]["micro"]["f"] = metrics["scores"]["ents_f"] = 0.7567567567567568
    folder.metrics.write_text(json.dumps(metrics), "utf-8")
    run = folder.collect()
    assert run.metrics["entities"]["micro"]["f"] == 0.7567567567567568
    assert '<data value="0.7567567567567568">75.7</data>' in html("a run", sections(run))


@pytest.mark.parametrize(
    ("known", "texts", "said"),
    [
        ({"nobody": "PERSON"}, TEXTS, "nothing is predicted"),
        ({"ann": "PERSON"}, [("ann", []), ("bob", [])], "nothing is annotated"),
        ({"ann": "PERSON"}, [("ann left", [(0, 1, "PERSON")])], "nothing is annotated or predicted"),
    ],
    ids=["no predictions", "empty gold", "one label"],
)
def test_what_cannot_be_computed_says_so(folder: RunFolder, known: dict[str, str], texts: Any, said: str) -> None:
    run = folder.evaluate(ruler(**known), texts)
    page = page_of(run)
    assert said in page.text and page.missing > 0
    assert said in card(run.meta, run.metrics, run.data)


def test_a_pipeline_without_entities_has_no_section_on_them(categories_page: Page) -> None:
    page = categories_page
    ids = {attributes["id"] for attributes in page.named("section")}
    assert "categories-1" in ids and not ids & {"entities", "errors"}
    assert "the pipeline finds no entities" in page.text
    assert "categories-1-confusion" in page.source and "categories-1-calibration" in page.source


def test_answers_are_reported(hostile: Run) -> None:
    found = answer_metrics(
        [["two years"], [], ["a"]], ["2 years", "", "b"], [0.1, 0.9, 0.2], ["How many?", "Who?", "Who?"]
    )
    run = replace(hostile, metrics={**hostile.metrics, "entities": None, "answers": found})
    page = page_of(run)
    shown = {value for value, _ in page.numbers}
    assert [number for number in numbers_in(found) if number not in shown] == []
    assert "exact match" in page.text and "By type of question" in page.text
    assert "question-answering" in card(hostile.meta, run.metrics, hostile.data)


def test_labels_may_be_called_like_keys_of_the_metrics(folder: RunFolder) -> None:
    names = ["p", "r", "f", "micro", "counts", "bins", "intervals", "labels", "support"]
    run = folder.evaluate(ruler(**{name: name for name in names}), [(f"{name} here", [(0, 1, name)]) for name in names])
    page = page_of(run)
    table = page.source.split(">By label<")[1].split("</table>")[0]
    assert re.findall('<th scope="row"><bdi class="code">(.*?)</bdi></th>', table) == sorted(names)
