"""Pictures of answers: what they show, what they leave out, and what they are safe from."""

from __future__ import annotations

import builtins
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from spanwright.errors import SpanwrightError
from spanwright.qa.answers import Answer, Candidate, PieceScores
from spanwright.qa.plots import TOKENS_DRAWN, TOKENS_IN_HTML, answer_html, neighbourhood, plot_answer, token_scores

MAKE_DOC = spacy.blank("en").make_doc
MAGIC = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}


def make_answer(
    text: str,
    *candidates: tuple[str, float],
    question: str = "Who left?",
    has_answer: bool = True,
    pieces: str = r"\w+|\S",
) -> Answer:
    """An answer whose word pieces are the matches of `pieces`, with scores of 5 where the best candidate starts and ends."""
    doc = MAKE_DOC(text)
    best = tuple(make_candidate(doc, *candidate) for candidate in candidates)
    offsets = np.array([match.span() for match in re.finditer(pieces, text)], dtype=np.int64).reshape(-1, 2)
    starts = np.linspace(-4, -3, len(offsets), dtype=np.float32)
    ends = np.linspace(-3, -4, len(offsets), dtype=np.float32)
    if best:
        starts[offsets[:, 0] == best[0].start_char] = 5
        ends[offsets[:, 1] == best[0].end_char] = 5
    scores = PieceScores(starts, ends, offsets)
    return Answer(question, doc, best, 0.25, has_answer and bool(best), lambda: scores)


def make_candidate(doc: Doc, text: str, score: float) -> Candidate:
    start = doc.text.index(text)
    span = doc.char_span(start, start + len(text), alignment_mode="expand")
    return Candidate(text, start, start + len(text), score, span)


class Page(HTMLParser):
    """What a browser makes of a page: its elements and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_scores_of_tokens_are_those_of_their_best_pieces() -> None:
    doc = MAKE_DOC("Unaffordable  cars don't sell")  # Un|affordable, a space, cars, do|n't, sell
    offsets = np.array([[0, 2], [2, 12], [14, 18], [18, 22], [22, 24], [24, 29]])  # with the spaces before words
    pieces = PieceScores(
        np.array([1, 2, 0, -1, 3, 0], dtype=np.float32), np.array([2, 1, 0, 4, 5, 0], dtype=np.float32), offsets
    )
    scores = token_scores(Answer("?", doc, (), 1.0, False, lambda: pieces))
    assert [token.text for token in doc] == ["Unaffordable", " ", "cars", "do", "n't", "sell"]
    np.testing.assert_equal(scores.starts, [2, np.nan, 0, -1, 3, 0])
    np.testing.assert_equal(scores.ends, [2, np.nan, 0, np.nan, 5, 0])


def test_heat_is_the_probability_of_being_covered() -> None:
    doc = MAKE_DOC("a b c")
    logs = np.log(np.array([0.5, 0.25, 0.25], dtype=np.float32)), np.log(np.array([0.1, 0.1, 0.8], dtype=np.float32))
    pieces = PieceScores(*logs, np.array([[0, 1], [2, 3], [4, 5]]))
    heat = token_scores(Answer("?", doc, (), 0.3, False, lambda: pieces)).heat
    assert heat == pytest.approx([0.7 * 0.5 * 1, 0.7 * 0.75 * 0.9, 0.7 * 1 * 0.8], rel=1e-6)


@pytest.mark.parametrize(
    ("n_tokens", "start", "end", "shown"),
    [
        (0, 0, 0, range(0)),
        (5, 1, 2, range(5)),
        (10, 4, 5, range(4 - 4, 10)),
        (100, 0, 2, range(10)),
        (100, 50, 52, range(46, 56)),
        (100, 99, 100, range(90, 100)),
        (100, 20, 60, range(20, 30)),  # an answer longer than what is shown
        (100, 92, 100, range(90, 100)),
    ],
)
def test_neighbourhood(n_tokens: int, start: int, end: int, shown: range) -> None:
    assert neighbourhood(n_tokens, start, end, 10) == shown


@pytest.mark.parametrize("suffix", ["png", "PNG", "pdf", "svg"])
@pytest.mark.parametrize("has_answer", [True, False])
def test_pictures_are_of_the_type_their_suffix_names(tmp_path: Path, suffix: str, has_answer: bool) -> None:
    path = tmp_path / "new" / f"answer.{suffix}"
    answer = make_answer("Ann Lee left Rome. Bob stayed.", ("Ann Lee", 0.7), ("Bob", 0.1), has_answer=has_answer)
    answer.plot(path)
    assert path.read_bytes().startswith(MAGIC[suffix.lower()])
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All text of the figures saved, in place of files."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    texts: list[str] = []

    def collect(figure: Any, *_: Any, **__: Any) -> None:
        figure.draw_without_rendering()
        texts.extend(text.get_text() for text in figure.findobj(Text))

    monkeypatch.setattr(Figure, "savefig", collect)
    return texts


def test_a_picture_says_what_it_leaves_out(drawn: list[str], tmp_path: Path) -> None:
    text = " ".join(f"w{i}" for i in range(100))
    others = [(f"w{i}", 0.02) for i in range(40, 55)]
    plot_answer(make_answer(text, ("w50 w51", 0.6), ("w9", 0.2), *others), tmp_path / "a.svg")
    assert {label for label in drawn if label.startswith("w")} == {f"w{i}" for i in range(33, 33 + TOKENS_DRAWN)}
    assert "Tokens 34 to 69 of the 100 of the context; left out: 33 before, 31 after." in drawn
    assert "candidates\n(8 not shown)" in drawn  # that of w9, and those from the eleventh on
    assert drawn.count("0.020") == 8


def test_a_picture_states_the_answer_or_that_there_is_none(drawn: list[str], tmp_path: Path) -> None:
    plot_answer(make_answer("Ann left.", ("Ann", 0.7)), tmp_path / "a.svg")
    plot_answer(make_answer("Ann left.", ("Ann", 0.7), has_answer=False), tmp_path / "a.svg")
    assert "Who left?\nAnswer: Ann (score 0.700; no answer 0.250)" in drawn
    assert "Who left?\nNo answer (score 0.250)" in drawn
    assert "All 3 tokens of the context." in drawn


@pytest.mark.parametrize(
    "text",
    [
        "It costs $x^2$ or $\\frac{$ Ann",  # no mathematics, and no error in it
        "Ann\r\n\tand\n\nAnn  Lee",
        "Ann \x00\x07 \u202eevil\u202c",
        "Ann " + "w" * 10_000,
        "Ann 🙂 👩‍👩‍👧 naïve",
        "Ann",
    ],
)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_odd_texts_are_drawn(drawn: list[str], tmp_path: Path, text: str) -> None:
    plot_answer(make_answer(text, ("Ann", 0.7), question=text), tmp_path / "a.svg")
    assert any("Answer: Ann" in label for label in drawn)
    assert all(character.isprintable() or character == "\n" for label in drawn for character in label)


@pytest.mark.parametrize("name", ["answer.gif", "answer", "answer.png.exe"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpanwrightError, match=r"S442.*\.pdf, \.png, \.svg"):
        plot_answer(make_answer("Ann left.", ("Ann", 0.7)), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_context_without_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpanwrightError, match=r"S443.*'Who left\?' has no words"):
        plot_answer(make_answer(text), tmp_path / "a.png")
    assert "No answer" in answer_html(make_answer(text))


def test_missing_matplotlib_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = builtins.__import__

    def without_matplotlib(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    answer = make_answer("Ann left.", ("Ann", 0.7))
    with pytest.raises(SpanwrightError, match=r"S441.*spanwright\[plots\]"):
        plot_answer(answer, tmp_path / "a.png")
    assert "Ann" in answer_html(answer)


def test_html_marks_the_candidates() -> None:
    html = make_answer("Ann Lee's cat left Rome.", ("Ann Lee", 0.7), ("cat", 0.1))._repr_html_()
    page = Page(html)
    assert "Who left?Answer: Ann Lee (score 0.700; no answer 0.250)" in page.text
    assert "Ann Lee1's cat2 left Rome." in page.text
    assert "1Ann Lee0.7000–7" in page.text
    assert "2cat0.10010–13" in page.text
    assert re.findall(r"3px solid[^>]*>([^<]*)<", html) == ["Ann ", "Lee"]
    assert re.findall(r"1px dashed[^>]*>([^<]*)<", html) == ["cat"]


def test_html_cuts_tokens_where_candidates_end() -> None:
    html = answer_html(make_answer("A 5-year-olds' club", ("5-year", 0.9), ("A 5", 0.05)))
    assert "A 52-year1-olds' club" in Page(html).text


def test_html_without_an_answer_marks_none_as_taken() -> None:
    html = answer_html(make_answer("Ann left.", ("Ann", 0.7), has_answer=False))
    assert "No answer (score 0.250)" in html
    assert "solid" not in html
    assert "dashed" in html


def test_html_says_what_it_leaves_out() -> None:
    html = answer_html(make_answer("so " * 4999 + "Ann" + " left" * 5000, ("Ann", 0.6)))
    assert len(re.findall(r">(so|Ann|left) ?</span>", html)) == TOKENS_IN_HTML
    assert "Tokens 4,851 to 5,150 of the 10,000 of the context; left out: 4,850 before, 4,850 after." in html


def test_html_is_inert_and_self_contained() -> None:
    evil = "</span></p><script>alert('1')</script><img src=x onerror=alert(2)> & \" ' Ann"
    html = answer_html(make_answer(evil, ("<script>", 0.4), ("Ann", 0.3), question=evil))
    page = Page(html)
    assert set(page.tags) <= {"div", "p", "b", "br", "span", "sup", "small", "table", "tr", "th", "td"}
    assert page.attributes <= {"style", "title"}
    assert evil in page.text
    assert "://" not in html
