"""The page is inert, whole in itself and readable, whatever labels and texts hold."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from page_reader import Page
from small_runs import HEBREW, SCRIPT, RunFolder

from spanwright.evaluation.report.card import card
from spanwright.evaluation.report.collect import Run
from spanwright.evaluation.report.html import html
from spanwright.evaluation.report.sections import sections

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


def test_nothing_is_executed_or_fetched(hostile_page: Page) -> None:
    assert {"script", "b", "iframe", "link rel=stylesheet"} & {tag for tag, _ in hostile_page.elements} == set()
    names = {name for _, attributes in hostile_page.elements for name in attributes}
    assert [name for name in names if name.startswith("on")] == []
    targets = [
        attributes[name]
        for _, attributes in hostile_page.elements
        for name in ("href", "src", "xlink:href")
        if name in attributes
    ]
    assert [target for target in targets if not target.startswith(("#", "data:,"))] == []
    assert re.findall(r"url\((?!#)", hostile_page.source) == []
    (policy,) = [
        meta["content"] for meta in hostile_page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'")


def test_hostile_names_are_shown_as_they_are(hostile_page: Page) -> None:
    assert SCRIPT in hostile_page.text
    assert HEBREW in hostile_page.text
    assert "10,000 characters" in hostile_page.text
    assert max(map(len, hostile_page.text.split())) <= 200
    assert (
        f'<mark class="annotated"><bdi>{HEBREW}</bdi> <span class="label">{HEBREW}</span></mark>' in hostile_page.source
    )
    assert "&lt;b&gt;bob&lt;/b&gt;" in hostile_page.source


def test_ids_are_unique_and_links_lead_somewhere(hostile_page: Page) -> None:
    ids = [attributes["id"] for _, attributes in hostile_page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [link["href"] for link in hostile_page.named("a") if link["href"].removeprefix("#") not in ids] == []


def test_structure_serves_keyboards_and_screen_readers(hostile_page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in hostile_page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels) if later < 4)
    boxes = [attributes for _, attributes in hostile_page.elements if attributes.get("class") == "scroll"]
    assert len(boxes) == len(hostile_page.named("table"))
    assert all(box["tabindex"] == "0" and box["aria-label"] for box in boxes)
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in hostile_page.named("svg"))


def test_markdown_is_inert(hostile: Run) -> None:
    body = card(hostile.meta, hostile.metrics, hostile.data).split("---\n", 2)[2]
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", body)
    assert "<" not in outside.replace("&lt;", "")
    tables = re.findall(r"(?:^\|.*\n)+", body, re.M)
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_training_speed_and_learning_curve_are_shown_where_they_were_measured(
    hostile_folder: RunFolder, tmp_path: Path
) -> None:
    def written(name: str, content: object) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    steps = [{"step": 0, "seconds": 1.0, "losses": {"ner": None}, "scores": {}, "score": None, "learn_rate": 0.1}]
    steps += [
        {
            "step": n,
            "seconds": n,
            "losses": {"ner": 9 / n},
            "scores": {"ents_f": n / 9},
            "score": n / 9,
            "learn_rate": 0.1 / n,
        }
        for n in (1, 2, 3)
    ]
    batch = {
        "batch_size": 4,
        "words_per_second": 812.5,
        "documents_per_second": 7.25,
        "latency_seconds": {"p50": 0.0625},
    }
    speed = {"device": "cpu", "threads": 2, "load_seconds": 1.5, "batch_sizes": [batch], "best_batch_size": 4}
    point = {"documents": 12, "percent": 25, "seed": 0, "score": 0.4375}
    curve = {"documents": 12, "score": 0.4, "low": 0.3, "high": 0.5}
    learning = {"metric": "ents_f", "answer": "More would help.", "points": [point], "fit": {"curve": [curve, curve]}}
    run = hostile_folder.collect(
        log=written("log.jsonl", "".join(f"{json.dumps(step)}\n" for step in steps)),
        speed=written("speed.json", {**speed, "peak_memory": {"process": 5e8, "gpu": None}}),
        learning_curve=written("curve.json", learning),
    )
    page = Page(html("a run", sections(run)))
    charts = {drawing["aria-label"].split(":")[0] for drawing in page.named("svg")}
    assert {"Loss in training, by step", "Learning rate, by step", "ents_f by size of the training data"} <= charts
    assert {(812.5, "812.5"), (0.0625, "62.5"), (3.0, "3"), (0.4375, "43.8"), (5e8, "500")} <= set(page.numbers)
    assert "More would help." in page.text
    assert "not measured" not in page.text


@needs_browser
@pytest.mark.parametrize("width", [400, 1400])
def test_a_browser_shows_it_without_complaint_or_sideways_scrolling(
    hostile_page: Page, tmp_path: Path, width: int
) -> None:
    page = tmp_path / "page.html"
    page.write_text(hostile_page.source, "utf-8")
    # headless windows are at least 500 wide; a frame is as narrow as it is told
    measure = "document.body.dataset.beyond = frame.contentDocument.documentElement.scrollWidth - frame.clientWidth"
    (tmp_path / "outer.html").write_text(
        f'<iframe id=frame src=page.html style="width:{width}px;height:900px;border:0" onload="{measure}"></iframe>'
    )
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--enable-logging=stderr",
    ]
    command = [
        str(BROWSER),
        *options,
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
        str(tmp_path / "outer.html"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    assert "CONSOLE" not in done.stderr
    (beyond,) = re.findall('data-beyond="(-?[0-9]+)"', done.stdout)
    assert int(beyond) <= 0
