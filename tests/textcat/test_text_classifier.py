import warnings

import numpy as np
import pytest
import spacy
from reviews import BOTH, EXCLUSIVE, GLAD, MULTILABEL, SAD
from spacy.tokens import Doc, DocBin

from spanwright.calibration import COOLEST
from spanwright.errors import SpanwrightError
from spanwright.optimizer import build_adamw

TEXTS = ["a lovely film", "", "boring", " ", "a zßq\u200b \n word nobody has seen", "lovely songs and " * 30 + "dull"]
POOLINGS = ["first", "mean", "attention", "logsumexp"]


def cats(doc):
    return {label: pytest.approx(chance, abs=1e-5) for label, chance in doc.cats.items()}


@pytest.fixture(scope="module")
def trained(make_pipeline, train):
    nlp = make_pipeline("text_classifier_multilabel")
    train(nlp, MULTILABEL)
    return nlp


@pytest.mark.parametrize(
    ("pooling", "factory", "data"),
    [("first", *BOTH[0]), ("mean", *BOTH[0]), ("mean", *BOTH[1]), ("attention", *BOTH[1]), ("logsumexp", *BOTH[0])],
)
def test_overfit_save_load_same_cats(pooling, factory, data, make_pipeline, make_examples, train, tmp_path):
    model = {"pooling": pooling, "hidden_width": 8 if pooling == "attention" else None}
    nlp = make_pipeline(factory, model=model)
    if pooling == "first":  # reads one token
        data = [(text.split()[-1] + " " + text, given) for text, given in data]
    losses = train(nlp, data, n_steps=40)
    assert losses[-1] < 0.2 * losses[0]
    assert nlp.evaluate(make_examples(nlp, data))["cats_macro_f"] == 1.0
    nlp.to_disk(tmp_path)
    reloaded = spacy.load(tmp_path)
    assert reloaded.get_pipe("textcat").labels == nlp.get_pipe("textcat").labels
    from_bytes = make_pipeline(factory, model=model).from_bytes(nlp.to_bytes())
    for text in TEXTS:
        expected = nlp(text)
        for other in (reloaded(text), from_bytes(text)):
            assert (cats(other), other._.labels) == (expected.cats, expected._.labels)


def test_settings_given_when_loading_win_over_saved_ones(make_pipeline, train, tmp_path):
    nlp = make_pipeline("text_classifier_multilabel", threshold=0.5, label_smoothing=0.25)
    train(nlp, MULTILABEL, n_steps=1)
    nlp.get_pipe("textcat").cfg.update(tuned_thresholds={SAD: 0.25}, label_smoothing=0.125, temperature=2.0)
    nlp.to_disk(tmp_path)
    as_saved = spacy.load(tmp_path).get_pipe("textcat")
    assert as_saved.cfg == nlp.get_pipe("textcat").cfg
    changed = spacy.load(
        tmp_path, config={"components": {"textcat": {"threshold": 0.625, "label_thresholds": {GLAD: 0.125}}}}
    )
    component = changed.get_pipe("textcat")
    assert component.thresholds == {SAD: 0.625, GLAD: 0.125, "film": 0.625}
    assert (component.cfg["label_smoothing"], component.cfg["temperature"]) == (0.125, 2.0)
    changed.to_disk(tmp_path / "again")
    assert spacy.load(tmp_path / "again").get_pipe("textcat").cfg == component.cfg
    assert make_pipeline("text_classifier_multilabel", threshold=0.75).from_bytes(nlp.to_bytes()).get_pipe(
        "textcat"
    ).thresholds == {SAD: 0.75, GLAD: 0.75, "film": 0.75}
    untuned = spacy.load(tmp_path, config={"components.textcat.tune_thresholds": None}).get_pipe("textcat")
    assert untuned.thresholds == {SAD: 0.5, GLAD: 0.5, "film": 0.5}
    with pytest.raises(SpanwrightError, match=r"S281.*label_thresholds.*nowhere"):
        spacy.load(tmp_path, config={"components.textcat.label_thresholds": {"nowhere": 0.5}})


def test_a_pipeline_can_be_saved_before_it_has_labels(make_pipeline, tmp_path):
    nlp = make_pipeline("text_classifier_multilabel", label_thresholds={SAD: 0.25})
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("textcat").cfg["label_thresholds"] == {SAD: 0.25}


@pytest.mark.parametrize(("factory", "data"), BOTH)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_batch_equals_its_docs_one_by_one(pooling, factory, data, make_pipeline, train):
    nlp = make_pipeline(factory, model={"pooling": pooling})
    train(nlp, data, n_steps=3)
    together = list(nlp.pipe(TEXTS, batch_size=len(TEXTS)))
    assert [doc.cats for doc in together] == [cats(nlp(text)) for text in TEXTS]
    assert set(together[1].cats.values()) == {0.0}
    for doc in (together[0], *together[2:]):
        assert all(0 < chance < 1 for chance in doc.cats.values())
        if factory == "text_classifier":
            assert sum(doc.cats.values()) == pytest.approx(1)
    component = nlp.get_pipe("textcat")
    component.set_annotations([], component.predict([]))


def test_labels_above_their_threshold(trained):
    component = trained.get_pipe("textcat")
    doc = Doc(trained.vocab, words=["x"])
    chances = np.array([[0.7, 0.4, 0.9]])
    assert component.labels == ("film", GLAD, SAD)
    for settings, expected in [
        ({}, (SAD, "film")),
        ({"threshold": None}, (SAD, "film", GLAD)),
        ({"tuned_thresholds": {GLAD: 0.3, SAD: 0.91}}, ("film", GLAD)),
        ({"tuned_thresholds": {GLAD: 0.3}, "label_thresholds": {GLAD: 0.41, "film": 0.7}}, (SAD, "film")),
        ({"threshold": 1.0}, ()),
    ]:
        before = dict(component.cfg)
        component.cfg.update(settings)
        component.set_annotations([doc], chances)
        component.cfg.update(before)
        assert doc._.labels == expected
        assert doc.cats == {"film": 0.7, GLAD: 0.4, SAD: 0.9}


def test_exclusive_labels_are_one_or_none(make_pipeline):
    component = make_pipeline(threshold=0.6).get_pipe("textcat")
    for label in ("A", "B"):
        component.add_label(label)
    docs = [Doc(component.vocab, words=["x"]) for _ in range(3)]
    docs[0]._.labels = ("of another component", "B")
    component.set_annotations(docs, np.array([[0.7, 0.3], [0.45, 0.55], [0.0, 0.0]]))
    assert [doc._.labels for doc in docs] == [("of another component", "A"), (), ()]


def test_labels_survive_serialisation(trained):
    doc = trained("a lovely film")
    assert doc._.labels
    copies = [
        next(DocBin(store_user_data=True, docs=[doc]).get_docs(trained.vocab)),
        Doc(trained.vocab).from_bytes(doc.to_bytes()),  # what nlp.pipe(n_process=2) does
    ]
    for copy in copies:
        assert (copy._.labels, copy.cats) == (doc._.labels, doc.cats)


@pytest.mark.parametrize(("factory", "data"), BOTH)
def test_what_nobody_said_teaches_nothing(factory, data, make_pipeline, make_examples, train):
    nlp = make_pipeline(factory)
    train(nlp, data, n_steps=1)
    component = nlp.get_pipe("textcat")
    bare = make_examples(nlp, [("no label here", {}), ("", {SAD: 1.0}), ("nor here", {"unknown": 1.0})])
    assert component.update(bare) == {"textcat": 0.0}
    assert component.update(bare[1:2]) == {"textcat": 0.0}
    given = make_examples(nlp, data[:2])
    assert component.update(given)["textcat"] == pytest.approx(component.update(given + bare)["textcat"], rel=1e-5)


def test_labels_are_masked_one_by_one(make_pipeline, make_examples, train):
    nlp = make_pipeline("text_classifier_multilabel")
    train(nlp, MULTILABEL, n_steps=1)
    component = nlp.get_pipe("textcat")
    (example,) = make_examples(nlp, [("a film", {"film": 1.0})])
    chances = component.predict([example.predicted])[0]
    _, gradient = component.get_loss([example], component.model.predict([example.predicted]))
    assert component.labels[0] == "film"
    assert gradient[0] == pytest.approx([chances[0] - 1, 0, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("class_weights", "expected"),
    [({}, [1, 1]), ({SAD: 3.0}, [1, 3]), ("balanced", [4 / (2 * 1), 4 / (2 * 3)])],
)
def test_class_weights_change_the_loss(class_weights, expected, make_pipeline, make_examples, train, tmp_path):
    data = [(text, {SAD: 1.0}) for text in ("dull", "bad", "boring")] + [("fine", {GLAD: 1.0})]
    nlp = make_pipeline(class_weights=class_weights)
    train(nlp, data, n_steps=1)
    nlp.to_disk(tmp_path)
    for component in (nlp.get_pipe("textcat"), spacy.load(tmp_path).get_pipe("textcat")):
        examples = make_examples(nlp, data)
        docs = [example.predicted for example in examples]
        chances = component.predict(docs)
        glad, sad = expected
        by_hand = -(sad * np.log(chances[:3, 1]).sum() + glad * np.log(chances[3, 0])) / 4
        assert component.labels == (GLAD, SAD)
        assert component.get_loss(examples, component.model.predict(docs))[0] == pytest.approx(by_hand, rel=1e-5)


def test_calibration_lowers_the_confidence_of_wrong_labels(make_pipeline, make_examples, train, tmp_path):
    nlp = make_pipeline()
    train(nlp, EXCLUSIVE)
    component = nlp.get_pipe("textcat")
    swapped = [(text, {SAD: given.get(GLAD, 0.0), GLAD: given.get(SAD, 0.0)}) for text, given in EXCLUSIVE]
    before = nlp(TEXTS[0]).cats
    learnt = component.calibrate(iter(make_examples(nlp, swapped)))
    assert learnt == {"temperature": component.cfg["temperature"], "tuned_thresholds": {}}
    assert learnt["temperature"] > 1
    after = nlp(TEXTS[0]).cats
    assert 0.5 < after[GLAD] < before[GLAD]
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)(TEXTS[0]).cats == cats(nlp(TEXTS[0]))
    assert component.calibrate(make_examples(nlp, EXCLUSIVE))["temperature"] == pytest.approx(COOLEST)
    for data in ([], [("", {SAD: 1.0})], [("no label", {})]):
        with pytest.raises(SpanwrightError, match=r"S508.*textcat"):
            component.calibrate(make_examples(nlp, data))


def test_thresholds_are_tuned_and_scored(make_pipeline, make_examples, train):
    nlp = make_pipeline("text_classifier_multilabel", label_thresholds={"film": 0.25})
    train(nlp, MULTILABEL)
    component = nlp.get_pipe("textcat")
    # only what is sadder than the table is sad, and nothing is said of the film
    dev = [(text, {SAD: given[SAD], GLAD: given[GLAD]}) for text, given in MULTILABEL]
    with pytest.warns(UserWarning, match=r"S524.*textcat: 'film' \(on 0 of 0 texts\)"):
        component.calibrate(make_examples(nlp, dev))
    assert component.cfg["tuned_thresholds"].keys() == {SAD, GLAD}
    assert component.thresholds["film"] == 0.25
    component.cfg["tuned_thresholds"] = {SAD: 0.9999, GLAD: 0.0001}
    predicted = list(nlp.pipe(text for text, _ in MULTILABEL))
    scores = nlp.evaluate(make_examples(nlp, MULTILABEL))
    for label in component.labels:
        given = [label in doc._.labels for doc in predicted]
        gold = [gold_cats[label] == 1 for _, gold_cats in MULTILABEL]
        right = sum(map(min, given, gold))
        of = scores["cats_f_per_type"][label]
        assert (of["p"], of["r"]) == (pytest.approx(right / max(sum(given), 1)), pytest.approx(right / sum(gold)))


def test_a_label_missing_in_dev_and_dev_labels_missing_in_training(make_pipeline, make_examples, train):
    for factory, data in BOTH:
        nlp = make_pipeline(factory)
        train(nlp, data, n_steps=2)
        dev = [(text, {SAD: 1.0, "never seen": 1.0} if i else {}) for i, (text, _) in enumerate(data)]
        scores = nlp.evaluate(make_examples(nlp, dev))
        assert scores["cats_f_per_type"].keys() == set(nlp.get_pipe("textcat").labels)
        assert scores["cats_f_per_type"][GLAD]["r"] == 0.0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nlp.get_pipe("textcat").calibrate(make_examples(nlp, dev))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([("a", {"x": 1.0}), ("b", {"x": 1.0})], r"S520.*all 2 texts.*'x'"),
        ([("a", {"x": 1.0}), ("b", {}), ("c", {"y": 1.0})], r"S523.*1 of 3 texts"),
        ([("a", {"x": 1.0})] * 11 + [("b", {"y": 1.0})], r"S522.*'y' \(1\); 'x' has 11 of 12 texts.*balanced"),
    ],
)
def test_data_that_teaches_little_is_warned_of(data, message, make_pipeline, train):
    with pytest.warns(UserWarning, match=message):
        train(make_pipeline(), data, n_steps=1)


def test_two_components_share_the_cats_of_a_doc(make_pipeline, make_examples, tmp_path):
    nlp = make_pipeline(scorer={"@scorers": "spanwright.textcat_scorer.v1", "prefix": "mood"})
    model = nlp.config["components"]["textcat"]["model"]
    nlp.add_pipe("text_classifier_multilabel", name="topics", config={"model": model})
    examples = make_examples(nlp, MULTILABEL[:4])
    nlp.config["initialize"]["components"] = {"textcat": {"labels": [GLAD, SAD]}, "topics": {"labels": ["film"]}}
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    scores = nlp.evaluate(examples)
    assert (scores["mood_macro_f"], scores["cats_macro_f"]) == (1.0, 1.0)
    assert scores["mood_f_per_type"].keys() == {GLAD, SAD}
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)("a lovely film")._.labels == (GLAD, "film")


def test_labels_from_settings_and_label_data(make_pipeline, make_examples):
    nlp = make_pipeline()
    component = nlp.get_pipe("textcat")
    assert (component.add_label("extra"), component.add_label("extra")) == (1, 0)
    with pytest.warns(UserWarning, match=r"S521.*'extra' \(on 0 of 4 texts\)"):
        component.initialize(lambda: make_examples(nlp, EXCLUSIVE), nlp=nlp, labels=[GLAD, SAD])
    assert component.label_data == ["extra", GLAD, SAD]
    with pytest.raises(SpanwrightError, match=r"S282.*'late'"):
        component.add_label("late")


@pytest.mark.parametrize("data", [[("no category", {})], [("", {SAD: 1.0})]])
def test_nothing_to_learn_from(data, make_pipeline, train):
    with pytest.raises(SpanwrightError, match=r"S283.*textcat"):
        train(make_pipeline(), data)


MULTI = "text_classifier_multilabel"
STOCK_MODEL = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": True,
    "length": 1000,
    "ngram_size": 1,
    "no_output_layer": True,
}


@pytest.mark.parametrize(
    ("factory", "settings", "message"),
    [
        ("text_classifier", {"threshold": 1.5}, r"S280.*textcat\.threshold: 1\.5 .*0 to 1"),
        ("text_classifier", {"label_thresholds": {"A": -1}}, r"S280.*textcat\.label_thresholds\.A: -1"),
        ("text_classifier", {"class_weights": "equal"}, r'S280.*textcat\.class_weights: equal .*"balanced"'),
        ("text_classifier", {"class_weights": {"A": -2.0}}, r"S280.*textcat\.class_weights\.A: -2"),
        ("text_classifier", {"label_smoothing": 1.0}, r"S280.*textcat\.label_smoothing: 1\.0"),
        (MULTI, {"tune_thresholds": "f3"}, r"S280.*textcat\.tune_thresholds: f3 .*f1, accuracy, balanced_accuracy"),
        (MULTI, {"model": {"pooling": "max"}}, r"S280.*model\.pooling: max .*first, mean, attention, logsumexp"),
        (MULTI, {"model": {"hidden_width": 0}}, r"S280.*model\.hidden_width: 0"),
        (MULTI, {"model": {"dropout": 1.0}}, r"S280.*model\.dropout: 1\.0"),
    ],
)
def test_wrong_settings_are_refused_when_built(factory, settings, message, make_pipeline):
    with pytest.raises(SpanwrightError, match=message):
        make_pipeline(factory, **settings)


@pytest.mark.parametrize("label", ["sport: ball", "a=b", "#python", "[x]", " lead"])
@pytest.mark.parametrize("setting", ["label_thresholds", "class_weights"])
def test_names_that_a_config_file_would_not_give_back_are_refused(setting, label, make_pipeline):
    with pytest.raises(SpanwrightError, match=rf"S280.*textcat\.{setting}.*'\['"):
        make_pipeline(**{setting: {label: 0.5}})


@pytest.mark.parametrize("setting", ["label_thresholds", "class_weights"])
def test_settings_about_labels_that_are_not_there(setting, make_pipeline, train):
    with pytest.raises(SpanwrightError, match=rf"S281.*textcat\.{setting}.*bad\. The labels are {GLAD}, {SAD}"):
        train(make_pipeline(**{setting: {"bad": 0.5}}), EXCLUSIVE)


def test_models_that_do_not_score_texts_are_refused():
    nlp = spacy.blank("en")
    with pytest.raises(SpanwrightError, match=r"S507.*textcat\.model.*spanwright\.TextClassifier\.v1"):
        nlp.add_pipe("text_classifier", name="textcat", config={"model": STOCK_MODEL})


@pytest.mark.parametrize(("dropout", "changes"), [(None, True), (0.0, False)])
def test_dropout_follows_training_unless_it_is_set(dropout, changes, make_pipeline, make_examples, train):
    nlp = make_pipeline(model={"dropout": dropout})
    train(nlp, EXCLUSIVE, n_steps=1)
    head = nlp.get_pipe("textcat").model.get_ref("head")
    vectors = [head.ops.asarray2f(np.ones((5, 16), dtype="float32"))]
    without = head.predict(vectors)
    for node in head.walk():
        if "dropout_rate" in node.attrs:
            node.attrs["dropout_rate"] = 0.5
    dropped, _ = head(vectors, is_train=True)
    assert bool((without != dropped).any()) is changes


def test_gradients_reach_the_word_vectors_and_averages_are_used(make_pipeline, make_examples):
    nlp = make_pipeline(model={"hidden_width": 8})
    examples = make_examples(nlp, EXCLUSIVE)
    nlp.initialize(lambda: examples)
    model, docs = nlp.get_pipe("textcat").model, [example.predicted for example in examples]
    before = model.get_ref("tok2vec").to_bytes()
    optimizer = build_adamw(0.01, average_decay=0.5)
    for _ in range(3):
        nlp.update(examples, sgd=optimizer)
    assert model.get_ref("tok2vec").to_bytes() != before
    trained = model.predict(docs)
    with nlp.use_params(optimizer.averages):
        assert np.abs(model.predict(docs) - trained).max() > 1e-3
    assert (model.predict(docs) == trained).all()
