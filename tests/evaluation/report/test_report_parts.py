"""Reading a run's files, marking texts, drawing charts, and the command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from small_runs import SCRIPT, RunFolder

from spanwright.errors import SpanwrightError
from spanwright.evaluation.report.charts import Bar, bars, matrix, points
from spanwright.evaluation.report.collect import Sources, collect, sample_errors, usual_sources
from spanwright.evaluation.report.content import (
    Code,
    Number,
    Section,
    Span,
    Table,
    is_right_to_left,
    percent,
    shortened,
)
from spanwright.evaluation.report.markdown import cell
from spanwright.evaluation.report.marking import apart, marked
from spanwright.evaluation.report.run_tables import training_blocks
from spanwright.evaluation.report.svg import svg, write_pngs

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a b c"),
        ("a\x00b\ud800\uffff", "a\ufffdb\ufffd\ufffd"),
        ("x" * 201, f"{'x' * 100} … (201 characters) … {'x' * 50}"),
        ("", ""),
    ],
)
def test_text_is_shortened_and_made_visible(text: str, shown: str) -> None:
    assert shortened(text) == shown


@pytest.mark.parametrize(("text", "expected"), [("abc", False), ("12 שלום", True), ("مرحبا abc", True), ("", False)])
def test_direction(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


@pytest.mark.parametrize(
    ("value", "interval", "number"),
    [
        (None, (0.1, 0.2), Number(None, "not computed")),
        (0.0, None, Number(0.0, "0.0")),
        (0.25, (0.125, 1.0), Number(0.25, "25.0", (0.125, 1.0), "12.5–100.0")),
    ],
)
def test_percent(value: float | None, interval: tuple[float, float] | None, number: Number) -> None:
    assert percent(value, interval) == number


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("a|b_c <i>", "a\\|b\\_c &lt;i&gt;"),
        (Code("a|b"), "`a\\|b`"),
        (Code("``a"), "``` ``a ```"),
        (Code(" "), "(empty)"),
        (percent(0.5, (0.4, 0.6)), "50.0 (40.0–60.0)"),
        (percent(None), "not computed"),
    ],
)
def test_markdown_cells(given: str | Code | Number, written: str) -> None:
    assert cell(given) == written


def test_marks_that_overlap_give_way_to_the_first() -> None:
    spans = [Span(4, 9, "B"), Span(0, 5, "A"), Span(9, 10, "C")]
    assert [span.label for span in apart(spans)] == ["A", "C"]


def test_marks_escape_text_and_label_and_know_their_direction() -> None:
    html = marked("a <i> b", [Span(2, 5, SCRIPT)], "annotated")
    assert '<mark class="annotated"><bdi>&lt;i&gt;</bdi>' in html and "<script" not in html and "&lt;script&gt;" in html
    assert "direction: ltr" in html
    assert "direction: rtl" in marked("שלום", [], "predicted")


def test_long_words_are_shortened_around_and_within_marks() -> None:
    html = marked(f"{'x' * 500} yes {'z' * 500}", [Span(501, 504, "Y")], "annotated")
    assert "<bdi>yes</bdi>" in html and html.count("(500 characters)") == 2 and len(html) < 600


def test_svg_takes_its_colours_and_ids_from_the_page() -> None:
    chart = bars("labels", "F1", [Bar(SCRIPT, 0.5, (0.25, 0.75)), Bar("none", None)])
    root = ElementTree.fromstring(svg(chart))
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert not tags & {"script", "style", "metadata", "image", "foreignObject"}
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"50.0", "not computed", '<script>alert("x")</s…'} <= texts
    styles = " ".join(element.get("style", "") for element in root.iter())
    assert {"var(--c1)", "currentColor", "var(--line)"} <= set(re.findall(r"var\(--\w+\)|currentColor", styles))
    assert re.findall("#[0-9a-f]{6}", styles) == []
    assert all(element.get("id", "labels-").startswith("labels-") for element in root.iter())
    assert "50.0% (25.0 to 75.0)" in root.attrib["aria-label"] and "none not computed" in root.attrib["aria-label"]


def test_many_labels_are_drawn_in_part() -> None:
    labels = [f"label {number}" for number in range(40)]
    chart = bars("labels", "F1", [Bar(label, 0.5) for label in labels])
    assert "The first 30 of 40" in chart.alt and "label 30" not in svg(chart)
    counts = [[int(row == column) for column in range(40)] for row in range(40)]
    drawn = svg(matrix("confusion", "Confusion", labels, labels, counts))
    assert "label 14" in drawn and "label 15<" not in drawn and "label 39" in drawn


def test_pictures_are_written(tmp_path: Path) -> None:
    chart = points("lengths", "F1 by length", "words", [Bar("1", 0.5), Bar("2", None), Bar("3", 1.0)])
    (path,) = write_pngs([Section("a", "A", [chart])], tmp_path / "pictures")
    assert path == tmp_path / "pictures" / "lengths.png"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "S001"),
        ("{", "S630"),
        ("[]", "S631"),
        ('{"schema": "spanwright.metrics/0"}', "S631"),
        ('{"schema": "spanwright.metrics/1", "entities": null}', "S633"),
    ],
)
def test_other_files_than_metrics_are_refused(tmp_path: Path, content: str | None, code: str) -> None:
    path = tmp_path / "metrics.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SpanwrightError, match=rf"{code}.*metrics\.json"):
        collect(tmp_path, path, Sources())


def test_a_named_file_must_be_there_and_a_usual_one_may_be(hostile_folder: RunFolder) -> None:
    missing = hostile_folder.folder / "speed.json"
    with pytest.raises(SpanwrightError, match=r"S001.*speed\.json"):
        collect(hostile_folder.pipeline, hostile_folder.metrics, Sources(speed=missing))
    assert usual_sources(hostile_folder.pipeline, hostile_folder.metrics, Sources()) == (
        Sources(errors=hostile_folder.errors),
        [],
    )


def test_what_was_measured_of_an_earlier_pipeline_is_left_out(hostile_folder: RunFolder) -> None:
    speed = hostile_folder.metrics.parent / "speed.json"
    speed.write_text("{}")
    trained = (hostile_folder.pipeline / "meta.json").stat().st_mtime
    for age, is_kept in ((10, False), (-10, True)):
        os.utime(speed, (trained - age, trained - age))
        sources, left_out = usual_sources(hostile_folder.pipeline, hostile_folder.metrics, Sources())
        assert (sources.speed, left_out) == ((speed, []) if is_kept else (None, [speed]))
    os.utime(speed, (trained - 10, trained - 10))
    given = Sources(speed=speed)
    assert usual_sources(hostile_folder.pipeline, hostile_folder.metrics, given)[0].speed == speed


@pytest.mark.parametrize(
    ("source", "content", "message"),
    [
        ("speed", "[1, 2]", r"S633.*other\.json.*batch_sizes"),
        ("learning_curve", '{"points": []}', r"S633.*other\.json.*answer, fit, metric"),
        ("errors", '{"text": "a"}', r"S633.*other\.json:1.*document, errors"),
        ("log", "3\n", r"S651.*other\.json:1"),
        ("train", "3", r"S027.*other\.json"),
    ],
)
def test_files_of_another_kind_are_refused(
    hostile_folder: RunFolder, tmp_path: Path, source: str, content: str, message: str
) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(SpanwrightError, match=message):
        collect(hostile_folder.pipeline, hostile_folder.metrics, Sources(**{source: path}))


def test_errors_of_another_evaluation_are_refused(hostile_folder: RunFolder, tmp_path: Path) -> None:
    lines = hostile_folder.errors.read_text("utf-8").splitlines(keepends=True)
    path = tmp_path / "errors.jsonl"
    path.write_text("".join(lines[1:]), "utf-8")
    with pytest.raises(SpanwrightError, match=r"S634.*errors\.jsonl: .* it holds .*evaluation\.json counts"):
        collect(hostile_folder.pipeline, hostile_folder.metrics, Sources(errors=path))


def test_errors_are_counted_and_the_first_kept(tmp_path: Path) -> None:
    record = {
        "document": 1,
        "text": "line\u2028separator",
        "errors": [{"kind": "missed"}, {"kind": "missed"}, {"kind": "type"}],
    }
    path = tmp_path / "errors.jsonl"
    path.write_text((json.dumps(record, ensure_ascii=False) + "\n") * 15, "utf-8")
    samples = sample_errors(path)
    assert {kind: (sample.total, len(sample.first)) for kind, sample in samples.items()} == {
        "missed": (30, 20),
        "type": (15, 15),
    }
    with path.open("a") as file:
        file.write("{\n")
    with pytest.raises(SpanwrightError, match=r"S630.*errors\.jsonl:16"):
        sample_errors(path)


def test_the_command_writes_page_card_and_pictures(hostile_folder: RunFolder, tmp_path: Path) -> None:
    options = [
        "--pipeline",
        hostile_folder.pipeline,
        "--metrics",
        hostile_folder.metrics,
        "--out",
        tmp_path / "report.html",
    ]
    more = ["--card", tmp_path / "card.md", "--png", tmp_path / "png"]
    line = [sys.executable, ROOT / "scripts" / "report.py", *options, *more]
    done = subprocess.run(list(map(str, line)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (tmp_path / "card.md").read_text("utf-8").startswith("---\nlanguage: en\n")
    assert {"entities-labels.png", "errors-confusion.png"} <= {path.name for path in (tmp_path / "png").iterdir()}


def test_of_equal_scores_the_last_is_the_best() -> None:
    log = [
        {"step": step, "score": score, "seconds": 1.0}
        for step, score in ((80, 0.5), (160, 0.9), (240, 0.9), (320, None))
    ]
    *_, table = training_blocks(log)
    assert isinstance(table, Table)
    assert table.rows[1] == ["at step", Number(240, "240")]
