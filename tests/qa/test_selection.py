"""Which sentences of a context are read for a question."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
import spacy

from spanwright.errors import SpanwrightError
from spanwright.qa.selection import LONGEST_SENTENCE, Selector, choose, cut_sentences, draw_pieces, stems
from spanwright.qa.windows import Context

ADVERT = "We are a bakery. The pay is ten pounds. You start at four! The shop is in Leeds."


def to_context(text: str) -> Context:
    """A context in which every character but white space is a piece."""
    starts = np.array([i for i, character in enumerate(text) if not character.isspace()], dtype=np.int64)
    return Context(starts, np.stack([starts, starts + 1], axis=1), np.zeros(len(starts), dtype=bool))


def sentences_of(text: str) -> list[str]:
    context = to_context(text)
    bounds = cut_sentences(text, context).bounds
    spans = [(context.offsets[a, 0], context.offsets[b - 1, 1]) for a, b in pairwise(bounds)]
    return [text[start:end] for start, end in spans]


def read(question: str, text: str, most: int, needed: list[tuple[int, int]] | None = None) -> str:
    """What is read of a text, with a bar where something was left out in between."""
    [context] = Selector()([question], [text], [to_context(text)], most=most, needed=needed and [needed])
    parts = np.split(context.offsets[:, 0], context.breaks)
    return "|".join("".join(text[i] for i in part) for part in parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ADVERT, ["We are a bakery.", "The pay is ten pounds.", "You start at four!", "The shop is in Leeds."]),
        ("Meet at 9 a.m. sharp. Call", ["Meet at 9 a.m. sharp.", "Call"]),
        ("Ask Dr. A. Smith of the U.S. Army. Call us. No.", ["Ask Dr. A. Smith of the U.S. Army.", "Call us.", "No."]),
        ("Employer: Acme Ltd.\nPay: ten", ["Employer: Acme Ltd.", "Pay: ten"]),
        ('"Go!" She went... Home.', ['"Go!"', "She went...", "Home."]),
        ("Pay: 3.50\nPlace: Oslo\n\n", ["Pay: 3.50", "Place: Oslo"]),
        ("\u5de5\u8d44\u5f88\u9ad8\u3002\u5730\u70b9\u3002", ["\u5de5\u8d44\u5f88\u9ad8\u3002", "\u5730\u70b9\u3002"]),
        ("no end at all", ["no end at all"]),
        ("a" * (LONGEST_SENTENCE + 2), ["a" * 33, "a" * 33]),
    ],
)
def test_sentences(text, expected):
    assert sentences_of(text) == expected


@pytest.mark.parametrize(
    ("question", "most", "expected"),
    [
        ("What is the pay?", 20, "Thepayistenpounds."),
        ("Where is the shop?", 20, "TheshopisinLeeds."),
        # "the" weighs less than "start", since two sentences have it
        ("When the start?", 17, "Youstartatfour!"),
        ("WHEN STARTED?", 17, "Youstartatfour!"),
        ("Is the pay good in the shop?", 36, "Thepayistenpounds.|TheshopisinLeeds."),
        # what fits beside the best goes with it, in the order of the text
        ("What is the pay?", 31, "Weareabakery.Thepayistenpounds."),
        ("Zebra?", 15, "Weareabakery."),
        # one sentence is read even if it is longer than allowed
        ("What is the pay?", 1, "Thepayistenpounds."),
        ("What is the pay?", 1000, ADVERT.replace(" ", "")),
    ],
)
def test_sentences_with_the_rarest_words_of_the_question_are_read(question, most, expected):
    assert read(question, ADVERT, most) == expected


def test_what_is_needed_is_read_whatever_it_weighs():
    start = ADVERT.index("four")
    assert read("What is the pay?", ADVERT, 20, [(start, start + 4)]) == "Youstartatfour!"
    assert read("What is the pay?", ADVERT, 34, [(start, start + 4)]) == "Thepayistenpounds.Youstartatfour!"
    across = [(ADVERT.index("pounds"), start)]
    assert read("Where is the shop?", ADVERT, 20, across) == "Thepayistenpounds.Youstartatfour!"


def test_texts_that_come_again_are_cut_once(monkeypatch):
    cut = []
    monkeypatch.setattr("spanwright.qa.selection.cut_sentences", lambda *args: cut.append(args) or cut_sentences(*args))
    selector, context = Selector(), to_context(ADVERT)
    for question in ("pay", "shop"):
        selector([question] * 2, [ADVERT] * 2, [context] * 2, most=20)
    assert len(cut) == 1


def test_the_whole_of_a_text_may_be_chosen():
    context = to_context(ADVERT)
    sentences = cut_sentences(ADVERT, context)
    assert choose("shop", sentences, context, most=10**6, needed=[]) == [0, 1, 2, 3]


CONTEXT = "You need ten years of experience. The pay is good in Oslo.\nWe have a degree in Rome."


@pytest.fixture(scope="module")
def selective(make_nlp, make_examples, tiny_encoder):
    """A pipeline that reads one sentence for a question."""
    nlp = make_nlp(tiny_encoder, model={"context_pieces": 1})
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.mark.parametrize(
    ("question", "sentence"),
    [("What degree in Rome?", "We have a degree in Rome."), ("How many years?", "You need ten years of experience.")],
)
def test_answers_stand_in_what_was_read(selective, question, sentence):
    answer = selective(CONTEXT)._.ask(question, n_best=50)
    start = CONTEXT.index(sentence)
    assert len(answer.n_best) > 5
    for candidate in answer.n_best:
        assert start <= candidate.start_char < candidate.end_char <= start + len(sentence)
        assert candidate.text == CONTEXT[candidate.start_char : candidate.end_char]
    assert answer.offsets.min() == start and answer.offsets.max() == start + len(sentence)


def test_no_answer_reaches_over_what_was_left_out(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder, model={"context_pieces": 30}, max_answer_length=None, max_overlap=1.0)
    nlp.initialize(lambda: make_examples(nlp))
    [asked] = nlp.get_pipe("extractive_qa")._cut(["ten Rome"], [CONTEXT])
    assert len(asked.context.breaks) == 1
    answer = nlp(CONTEXT)._.ask("ten Rome", n_best=5000)
    assert {"ten", "Rome"} <= {candidate.text for candidate in answer.n_best}
    assert not any("ten" in candidate.text and "Rome" in candidate.text for candidate in answer.n_best)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Experience, experiences", {"exper"}),
        ("Python\uc740 2024\ub144", {"pytho", "\uc740", "2024", "\ub144"}),
        ("\ubb3c \ubb34\ub8cc", {"\ubb3c", "\ubb34\ub8cc"}),
        ("AWS\u306e\u7d4c\u9a13", {"aws", "\u306e\u7d4c", "\u7d4c\u9a13"}),
        ("... !", set()),
    ],
)
def test_stems(text, expected):
    assert stems(text) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "\u85aa\u6c34\u662f\u591a\u5c11\uff1f",
            "\u85aa\u6c34\u5f88\u9ad8\u3002",
        ),  # how much is the pay? The pay is high.
        (
            "\u5546\u5e97\u5728\u54ea\u91cc\uff1f",
            "\u5546\u5e97\u5728\u5317\u4eac\u3002",
        ),  # where is the shop? The shop is in Beijing.
    ],
)
def test_words_without_spaces_are_found(question, expected):
    text = (
        "\u6211\u4eec\u662f\u9762\u5305\u5e97\u3002\u85aa\u6c34\u5f88\u9ad8\u3002\u5546\u5e97\u5728\u5317\u4eac\u3002"
    )
    assert read(question, text, most=8) == expected


def test_short_contexts_are_read_whole(selective, untrained, make_nlp, make_examples, tiny_encoder):
    whole = make_nlp(tiny_encoder, model={"context_pieces": 1000})
    whole.initialize(lambda: make_examples(whole))
    for question in ("how many years", "where"):
        assert whole(CONTEXT)._.ask(question).text == untrained(CONTEXT)._.ask(question).text


def test_training_sees_the_answer_wherever_it_is(selective, make_examples):
    component = selective.get_pipe("extractive_qa")
    data = [(CONTEXT, "How many years of experience?", ["Rome"]), (CONTEXT, "zebra", [])]
    rows, gold = component._training_windows(make_examples(selective, data))
    assert [len(found) for found in gold] == [1, 0]
    tokenizer = component.model.shims[0].module.encoder.tokenizer
    sentences = [
        cut.ids.tolist() for cut in tokenizer(["We have a degree in Rome.", "You need ten years of experience."])
    ]
    assert [row.context.tolist() for row in rows] == sentences


@pytest.mark.parametrize(("end", "n_sentences"), [(min, 2), (max, 8)])
def test_training_reads_from_half_to_twice_as_much(
    selective, make_nlp, make_examples, tiny_encoder, monkeypatch, end, n_sentences
):
    [asked] = selective.get_pipe("extractive_qa")._cut(["zebra"], ["We have a degree in Rome."])
    one = len(asked.context.ids)
    nlp = make_nlp(tiny_encoder, model={"context_pieces": 4 * one})
    nlp.initialize(lambda: make_examples(nlp))
    component, text = nlp.get_pipe("extractive_qa"), "We have a degree in Rome.\n" * 9
    assert {draw_pieces(1) for _ in range(50)} == {1, 2}
    monkeypatch.setattr(random, "randint", lambda low, high: end(low, high))
    [row], _ = component._training_windows(make_examples(nlp, [(text, "zebra", [])]))
    assert len(row.context) == n_sentences * one
    assert len(component._cut(["zebra"], [text])[0].context.ids) == 4 * one


def test_long_documents_cost_no_more_than_short_ones(selective):
    component = selective.get_pipe("extractive_qa")
    long = CONTEXT + "\n" + "Nothing to see here at all.\n" * 4000
    short, asked = component._cut(["How many years?"] * 2, [CONTEXT, long])
    assert len(asked.windows) == 1 and asked.context.ids.tolist() == short.context.ids.tolist()


def test_settings_out_of_range_are_refused(make_nlp, tiny_encoder):
    with pytest.raises(SpanwrightError, match=r"S280.*extractive_qa\.model\.context_pieces: 0 .*1 or more, or null"):
        make_nlp(tiny_encoder, model={"context_pieces": 0})


def test_a_saved_pipeline_can_be_loaded_to_read_more_or_less(selective, untrained, tmp_path):
    selective.to_disk(tmp_path)
    setting = "components.extractive_qa.model.context_pieces"
    for loaded, n_pieces in (
        (spacy.load(tmp_path), 12),
        (spacy.load(tmp_path, config={setting: None}), 42),
        (spacy.load(tmp_path, config={setting: 30}), 26),
    ):
        [asked] = loaded.get_pipe("extractive_qa")._cut(["ten Rome"], [CONTEXT])
        assert len(asked.context.ids) == n_pieces
