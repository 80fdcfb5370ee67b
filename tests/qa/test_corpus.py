import pytest
import spacy
from spacy.tokens import DocBin

from spanwright.calibration import make_calibrate
from spanwright.errors import SpanwrightError
from spanwright.qa.corpus import make_qa_corpus


@pytest.fixture
def path(make_examples, tmp_path):
    nlp = spacy.blank("en")
    references = [example.reference for example in make_examples(nlp)]
    for number, doc in enumerate(references):
        doc._.question_id, doc._.group = str(number), "ads"
    DocBin(docs=references, store_user_data=True).to_disk(tmp_path / "dev.spacy")
    return tmp_path / "dev.spacy"


def test_questions_travel_with_their_docs_and_answers_stay_behind(path):
    nlp = spacy.blank("en")
    examples = list(make_qa_corpus(path)(nlp))
    assert [example.predicted._.question for example in examples] == [
        "how many years",
        "what degree",
        "where",
        "of whom",
    ]
    assert [example.reference._.question_id for example in examples] == list("0123")
    assert examples[0].predicted._.group == "ads"
    assert all(example.predicted.text == example.reference.text for example in examples)
    assert [len(example.reference.spans["answers"]) for example in examples] == [1, 0, 2, 1]
    assert all("answers" not in example.predicted.spans for example in examples)
    examples[0].predicted._.question = "changed"
    assert examples[1].predicted._.question == "what degree"
    assert len(list(make_qa_corpus(str(path), limit=2)(nlp))) == 2
    assert len(list(make_qa_corpus(str(path), limit=0)(nlp))) == len(examples)


def test_corpora_without_questions_are_refused(tmp_path):
    nlp = spacy.blank("en")
    DocBin(docs=[nlp("no question")], store_user_data=True).to_disk(tmp_path / "ner.spacy")
    for path, code in ((tmp_path / "ner.spacy", "S406"), (None, "S409"), (tmp_path / "none.spacy", "S001")):
        with pytest.raises(SpanwrightError, match=code):
            list(make_qa_corpus(path)(nlp))


def test_pipelines_are_calibrated_before_they_are_saved(untrained, path):
    calibrated = make_calibrate(make_qa_corpus(path))(untrained)
    assert calibrated.get_pipe("extractive_qa").cfg["temperature"] != 1.0
    assert untrained.get_pipe("extractive_qa").cfg["temperature"] == 1.0
