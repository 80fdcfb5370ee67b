"""Answers of several components, of Docs from elsewhere, and of questions that were saved."""

import gc

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spanwright.calibration import make_calibrate
from spanwright.qa.answers import read_answers
from spanwright.qa.gold import gold_characters
from spanwright.qa.scorer import gold_answers

CONTEXT = "you need ten years of experience, and a degree"


def test_two_components_fill_a_form_together(untrained, tiny_encoder, make_nlp, make_examples):
    nlp = make_nlp(tiny_encoder, questions={"years": "how many years"})
    architecture = {"@architectures": "spanwright.QuestionAnswering.v1", "name": str(tiny_encoder), "window": None}
    nlp.add_pipe("extractive_qa", name="more", config={"model": architecture, "questions": {"degree": "what degree"}})
    nlp.initialize(lambda: make_examples(nlp))
    for doc in (nlp(CONTEXT), nlp(nlp(CONTEXT))):
        assert read_answers(doc).keys() == {"years", "degree"}
        assert sorted(span.label_ for span in doc.spans["answers"]) == ["degree", "years"]
        assert len(doc.spans["answers"].attrs["scores"]) == 2


def test_calibration_leaves_the_pipeline_to_answer(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder, questions={"years": "how many years"})
    architecture = {"@architectures": "spanwright.QuestionAnswering.v1", "name": str(tiny_encoder), "window": None}
    nlp.add_pipe("extractive_qa", name="more", config={"model": architecture})
    nlp.initialize(lambda: make_examples(nlp))
    make_calibrate(make_examples)(nlp)
    gc.collect()
    assert nlp.make_doc(CONTEXT)._.ask("where").question == "where"


def test_answers_of_a_form_are_no_gold_answers(untrained, make_examples):
    [example, *_] = make_examples(untrained)
    reference = example.reference
    [gold] = reference.spans["answers"]
    reference.spans["answers"] = [gold, Span(reference, 0, 2, label="pay")]
    assert gold_characters(example) == [(gold.start_char, gold.end_char)]
    assert gold_answers(example) == [gold.text]


def test_vocabularies_of_docs_are_not_kept_for_ever(untrained):
    component = untrained.get_pipe("extractive_qa")
    for _ in range(40):
        doc = Doc(Vocab(), words=["ten", "years"])
        doc._.question = "what"
        component(doc)
        assert doc._.ask("where").question == "where"
    assert len(component._vocabs) <= 16


@pytest.mark.parametrize("question", ["how many $ an hour", '100 % of what: $$ or \u20ac = "pay"; # 1'])
def test_questions_survive_saving(question, untrained, tmp_path):
    nlp = untrained
    for number in range(3):
        nlp.to_disk(tmp_path / str(number))
        settings = {"components.extractive_qa.questions": {"a/b \U0001f600": question}} if number == 0 else {}
        nlp = spacy.load(tmp_path / str(number), config=settings)
        assert nlp.get_pipe("extractive_qa").cfg["questions"] == {"a/b \U0001f600": question}
