"""Entities inside of words: found, with the mark to cut at, and mended by the tokenizer that the message names."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from thinc.api import Config

from spanwright.errors import SpanwrightError
from spanwright.preflight.tokens import check_tokens
from spanwright.tokenizer import make_tokenizer

TWEET = (["so", "@", "Ada", "pays", "#", "Oslo"], [True, False, True, True, False, False])


@pytest.fixture
def write(tmp_path):
    def write(words, spaces, ents, *, copies=1):
        path = tmp_path / "corpus.spacy"
        DocBin(docs=[Doc(Vocab(), words=words, spaces=spaces, ents=ents)] * copies).to_disk(path)
        return path

    return write


def section(lang: str = "en", **tokenizer) -> Config:
    config = Config().from_str('[nlp]\nlang = "en"\npipeline = ["ner"]\nbatch_size = 10\n')["nlp"]
    return Config({**config, "lang": lang, **({"tokenizer": tokenizer} if tokenizer else {})})


def test_marks_that_the_tokenizer_leaves_on_words_are_named(write):
    path = write(*TWEET, ["O", "B-PER", "B-PER", "O", "O", "B-LOC"])
    (finding,) = check_tokens(path, section())
    assert finding.level == "warning"
    assert "2 of 3 entities" in finding.message and "'@' in '@Ada'" in finding.message
    assert 'split = ["@"]' in finding.message
    mended = section(**{"@tokenizers": "spanwright.Tokenizer.v1", "split": ["@"]})
    assert check_tokens(path, mended) == []


def test_letters_are_no_marks(write):
    (finding,) = check_tokens(write(["sun", "light"], [False, False], ["B-X", "O"]), section())
    assert "1 of 1 entities" in finding.message and "'sun' in 'sunlight'" in finding.message
    assert "split" not in finding.message


def test_a_few_are_tolerated_and_whole_words_fine(write):
    assert check_tokens(write(["Ada", "pays"], None, ["B-PER", "O"], copies=60), section()) == []
    words, ents = ["sun", "light", *["Ada"] * 60], ["B-X", "O", *["B-PER"] * 60]
    assert check_tokens(write(words, [False, *[True] * 61], ents), section()) == []


def test_other_languages_have_their_own_words(write):
    assert check_tokens(write(["l'", "eau"], [False, False], ["O", "B-X"]), section("fr")) == []


@pytest.mark.parametrize("nlp_section", [section("xyz"), section(**{"@tokenizers": "my.Tokenizer.v1"})])
def test_a_tokenizer_that_cannot_be_made_is_a_finding(write, nlp_section):
    (finding,) = check_tokens(write(["Ada"], None, ["B-PER"]), nlp_section)
    assert finding.level == "error" and "S066" in finding.message


def test_no_marks_for_languages_without_spaces(write):
    with pytest.raises(SpanwrightError, match=r"S068.*'zh'.*spacy.zh.ChineseTokenizer"):
        spacy.blank("zh", config={"nlp": {"tokenizer": {"@tokenizers": "spanwright.Tokenizer.v1", "split": ["@"]}}})


def test_an_empty_mark_is_refused():
    with pytest.raises(SpanwrightError, match="S067"):
        make_tokenizer(["@", ""])


def test_a_tokenizer_keeps_what_it_cuts(tmp_path):
    config = {"nlp": {"tokenizer": {"@tokenizers": "spanwright.Tokenizer.v1", "split": ["@", "->"]}}}
    nlp = spacy.blank("en", config=config)
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        words = [token.text for token in each("so @Ada can't a->b mail me@home.org @ 5->")]
        assert words[:2] == ["so", "@"] and "->" in words and words[-3:] == ["@", "5", "->"]
        assert words[3:5] == ["ca", "n't"]


def test_nothing_to_cut_is_the_tokenizer_of_the_language():
    plain, ours = (
        spacy.blank("en"),
        spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spanwright.Tokenizer.v1"}}}),
    )
    text = "Ada's e-mail (ada@oslo.no) costs $5.50/h, doesn't it?"
    assert [token.text for token in plain(text)] == [token.text for token in ours(text)]
