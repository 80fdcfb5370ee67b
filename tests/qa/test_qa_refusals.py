"""What `extractive_qa` refuses."""

import gc

import pytest
from spacy.training import Example

from spanwright.errors import SpanwrightError

CONTEXT = "you need ten years of experience, and a degree"


@pytest.mark.parametrize(
    ("question", "code"),
    [("", "S402"), (" \n", "S402"), (None, "S402"), (5, "S402"), ("what of the data in the degree " * 20, "S403")],
)
def test_questions_that_cannot_be_asked(untrained, make_examples, question, code):
    doc = untrained.make_doc(CONTEXT)
    with pytest.raises(SpanwrightError, match=code):
        doc._.ask(question)
    if code == "S403":
        with pytest.raises(SpanwrightError, match=code):
            untrained.get_pipe("extractive_qa").update(make_examples(untrained, [(CONTEXT, question, ["ten"])]))


@pytest.mark.parametrize("pair", ["ab", ("q",), ("q", "a", "b"), ("q", None), 3])
def test_what_is_no_pair_is_refused(untrained, pair):
    with pytest.raises(SpanwrightError, match=r"S411.*allowed: pairs"):
        list(untrained.get_pipe("extractive_qa").ask_many([pair]))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_answer_length", 0),
        ("max_overlap", 1.5),
        ("no_answer_threshold", -0.1),
        ("snap", "tokens"),
        ("negatives", 2.0),
        ("questions", {"answers": "what"}),
        ("questions", {"pay: most": "what"}),
        ("questions", {"a=b": "what"}),
        ("questions", {"#1": "what"}),
        ("questions", {"[x]": "what"}),
        ("questions", {" x": "what"}),
        ("questions", {"x": "what is ${y}"}),
    ],
)
def test_settings_out_of_range_are_refused(make_nlp, tiny_encoder, setting, value):
    with pytest.raises(SpanwrightError, match=rf"S280.*extractive_qa\.{setting}"):
        make_nlp(tiny_encoder, **{setting: value})


@pytest.mark.parametrize(
    ("setting", "value"),
    [("window", 2), ("overlap", -1), ("attention", "flash"), ("pad_to_multiple_of", 0), ("pieces_at_once", 0)],
)
def test_settings_of_the_model_out_of_range_are_refused(make_nlp, tiny_encoder, setting, value):
    with pytest.raises(SpanwrightError, match=rf"S280.*extractive_qa\.model\.{setting}"):
        make_nlp(tiny_encoder, model={setting: value})


def test_windows_longer_than_the_encoder_takes_are_refused(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder, model={"window": 129})
    with pytest.raises(SpanwrightError, match=r"S280.*extractive_qa\.model\.window: 129.*at most 128, or null"):
        nlp.initialize(lambda: make_examples(nlp))


def test_what_cannot_be_learnt_is_refused(make_nlp, tiny_encoder, untrained):
    nlp = make_nlp(tiny_encoder)
    doc = nlp.make_doc("no question")
    with pytest.raises(SpanwrightError, match="S404"):
        nlp.initialize(lambda: [Example(doc, doc.copy())])
    with pytest.raises(SpanwrightError, match="S407"):
        untrained.get_pipe("extractive_qa").calibrate([Example(doc, doc.copy())])
    with pytest.raises(SpanwrightError, match=r"S402.*questions\.years"):
        make_nlp(tiny_encoder, questions={"years": " "})


def test_docs_without_a_pipeline_cannot_be_asked(make_nlp, tiny_encoder):
    doc = make_nlp(tiny_encoder)(CONTEXT)
    gc.collect()
    with pytest.raises(SpanwrightError, match="S405"):
        doc._.ask("what")
