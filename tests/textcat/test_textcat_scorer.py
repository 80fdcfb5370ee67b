"""Scores of categories, in training and in an evaluation."""

import pytest
import spacy
from reviews import BOTH, EXCLUSIVE, GLAD, MULTILABEL, SAD
from spacy.tokens import DocBin
from spacy.training import Example

from spanwright.evaluation.evaluate import evaluate_pipeline


def test_scores_of_exclusive_labels_skip_texts_without_one(make_pipeline, make_examples, train):
    nlp = make_pipeline()
    train(nlp, EXCLUSIVE)
    scores = nlp.evaluate(make_examples(nlp, [*EXCLUSIVE, ("nobody said", {}), ("neither", {SAD: 0.0, GLAD: 0.0})]))
    assert scores["cats_micro_f"] == 1.0


@pytest.mark.parametrize(("factory", "data"), BOTH)
def test_evaluating_a_saved_pipeline_gives_the_scores_of_spacy(
    factory, data, make_pipeline, make_examples, train, tmp_path
):
    nlp = make_pipeline(factory)
    train(nlp, data, n_steps=2)
    nlp.to_disk(tmp_path / "pipeline")
    docs = [example.reference for example in make_examples(nlp, data)]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "dev.spacy")
    found = evaluate_pipeline(tmp_path / "pipeline", tmp_path / "dev.spacy", resamples=100)["scores"]
    expected = nlp.evaluate(make_examples(nlp, data))
    for name in ("cats_score", "cats_macro_f", "cats_micro_f", "cats_macro_auc"):
        assert found[name] == pytest.approx(expected[name])


def test_a_text_without_words_is_not_scored(make_pipeline, make_examples, train):
    nlp = make_pipeline()
    train(nlp, EXCLUSIVE, n_steps=1)
    component = nlp.get_pipe("textcat")
    first = min(component.labels)
    empty = Example(nlp(""), nlp.make_doc(""))
    empty.reference.cats = {label: float(label == first) for label in component.labels}
    assert component.score([empty])["cats_micro_f"] == 0.0


def test_scores_are_those_of_spacy_at_half(make_pipeline, make_examples, train):
    nlp = make_pipeline("text_classifier_multilabel")
    train(nlp, MULTILABEL, n_steps=2)
    component = nlp.get_pipe("textcat")
    examples = make_examples(nlp, MULTILABEL)
    examples = [Example(nlp(example.predicted), example.reference) for example in examples]
    stock = spacy.registry.scorers.get("spacy.textcat_multilabel_scorer.v2")()
    assert component.score(examples) == stock(examples, labels=component.labels, threshold=0.5)
