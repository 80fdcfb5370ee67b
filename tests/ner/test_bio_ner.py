import numpy as np
import pytest
import spacy
from recognisers import TEXTS, TRAINING, found, make_examples, make_pipeline, train
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import get_current_ops

from spanwright.calibration import BONUSES, COOLEST, HOTTEST, fit_bonus, fit_temperature
from spanwright.dropout import dropout_of
from spanwright.errors import SpanwrightError
from spanwright.optimizer import build_adamw

MODES = [("crf", "bio"), ("crf", "biluo"), ("linear", "bio"), ("linear", "biluo")]


@pytest.fixture(scope="module")
def trained():
    nlp = make_pipeline(spans_key="found")
    train(nlp)
    return nlp


@pytest.fixture(params=MODES, ids=["-".join(mode) for mode in MODES])
def in_each_mode(request):
    head, scheme = request.param
    return make_pipeline(head=head, scheme=scheme, lstm_width=16 if scheme == "bio" else None)


def test_overfit_save_load_same_output(in_each_mode, tmp_path):
    losses = train(in_each_mode)
    assert losses[-1] < 0.2 * losses[0]
    assert in_each_mode.evaluate(make_examples(in_each_mode))["ents_f"] == 1.0
    in_each_mode.to_disk(tmp_path)
    reloaded = spacy.load(tmp_path)
    assert reloaded.get_pipe("bio_ner").labels == ("LOC", "PER")
    for text in TEXTS:
        expected, doc = in_each_mode(text), reloaded(text)
        assert found(doc) == found(expected)
    from_bytes = make_pipeline(head=in_each_mode.get_pipe("bio_ner").model.get_ref("head").attrs["head"])
    from_bytes.from_bytes(in_each_mode.to_bytes())
    assert found(from_bytes(TEXTS[0])) == found(in_each_mode(TEXTS[0]))


def test_a_batch_equals_its_docs_one_by_one(trained):
    together = list(trained.pipe(TEXTS, batch_size=len(TEXTS)))
    assert [found(doc) for doc in together] == [found(trained(text)) for text in TEXTS]
    assert [len(doc.ents) for doc in together[:3]] == [2, 0, 1]


@pytest.mark.parametrize("text", ["", "Paris", " "])
def test_short_docs_are_annotated(trained, text):
    doc = trained(text)
    assert doc.has_annotation("ENT_IOB") or not len(doc)
    assert all(token.ent_iob != 0 for token in doc)


def test_batches_without_words_or_without_docs(trained):
    assert [len(doc) for doc in trained.pipe(["", ""])] == [0, 0]
    component = trained.get_pipe("bio_ner")
    component.set_annotations([], component.predict([]))
    empty = trained.make_doc("")
    assert component.update([Example(empty, empty.copy())]) == {"bio_ner": 0.0}


def test_confidence_survives_serialisation(trained):
    doc = trained(TEXTS[0])
    confidences = [ent._.confidence for ent in doc.ents]
    assert all(0.5 < confidence <= 1 for confidence in confidences)
    assert doc.spans["found"].attrs["scores"] == pytest.approx(confidences)
    by_bytes = Doc(trained.vocab).from_bytes(doc.to_bytes())
    by_docbin = next(DocBin(store_user_data=True, docs=[doc]).get_docs(trained.vocab))
    for copy in (by_bytes, by_docbin):
        assert [ent._.confidence for ent in copy.ents] == confidences
        assert copy.spans["found"].attrs["scores"] == pytest.approx(confidences)
    assert Span(doc, 2, 3)._.confidence is None


def test_thresholds_drop_entities_but_not_candidates():
    nlp = make_pipeline(spans_key="all")
    train(nlp, n_steps=10)
    component = nlp.get_pipe("bio_ner")
    confidence = {ent.label_: ent._.confidence for ent in nlp(TEXTS[0]).ents}
    assert confidence.keys() == {"PER", "LOC"}
    between = {"PER": confidence["PER"] + 1e-6, "LOC": confidence["LOC"] - 1e-6}
    for settings, expected in [
        ({"threshold": 1.0}, set()),
        ({"threshold": None, "label_thresholds": between}, {"LOC"}),
        ({"threshold": 1.0, "label_thresholds": {"PER": 0.0}}, {"PER"}),
    ]:
        component.cfg.update(settings)
        doc = nlp(TEXTS[0])
        assert {ent.label_ for ent in doc.ents} == expected
        assert {span.label_ for span in doc.spans["all"]} == {"PER", "LOC"}
    component.cfg.update(threshold=1.0, label_thresholds={}, spans_key=None)
    rejected = nlp(TEXTS[0])
    assert all(Span(rejected, span.start, span.end)._.confidence is None for span in doc.spans["all"])


def test_entities_of_earlier_components_stay(trained):
    doc = trained.make_doc("Anna Lee saw New York City and Paris")
    doc.set_ents([Span(doc, 4, 5, label="OWN"), Span(doc, 0, 1, label="PER")], blocked=[doc[7:8]])
    doc = trained.get_pipe("bio_ner")(doc)
    preset = [ent for ent in doc.ents if ent._.confidence is None]
    assert [(ent.start, ent.end, ent.label_) for ent in preset] == [(0, 1, "PER"), (4, 5, "OWN")]
    assert doc[7].ent_iob == 3
    assert doc[7].ent_type == 0
    assert doc[2].ent_iob == 2


def test_overwrite():
    nlp = make_pipeline(overwrite=True)
    train(nlp)
    doc = nlp.make_doc("Anna Lee saw New York City")
    doc.set_ents([Span(doc, 4, 5, label="OWN")])
    assert [ent.text for ent in nlp.get_pipe("bio_ner")(doc).ents] == ["Anna Lee", "New York City"]


def gradients_of(nlp, examples):
    """The loss, and the gradients of the output layer."""
    component = nlp.get_pipe("bio_ner")
    losses = component.update(examples)
    module = component.model.get_ref("head").shims[0].module
    gradient = {name: parameter.grad for name, parameter in module.named_parameters()}
    for parameter in module.parameters():
        parameter.grad = None
    return losses["bio_ner"], gradient


@pytest.mark.parametrize("head", ["crf", "linear"])
def test_missing_and_misaligned_gold_teaches_nothing(head):
    nlp = make_pipeline(head=head)
    train(nlp, n_steps=1)
    words = ["Anna", "Lee", "left"]
    bare = Doc(nlp.vocab, words=words)
    loss, gradient = gradients_of(nlp, [Example(bare, bare.copy())])
    assert loss == 0.0
    assert all(not value.any() for value in gradient.values())

    annotated = Doc(nlp.vocab, words=words, ents=["B-PER", "I-PER", "O"])
    loss, gradient = gradients_of(nlp, [Example(bare, annotated)])
    with_bare, with_bare_gradient = gradients_of(nlp, [Example(bare, annotated), Example(bare, bare.copy())])
    assert loss == pytest.approx(with_bare)
    for name, value in gradient.items():
        assert value.numpy() == pytest.approx(with_bare_gradient[name].numpy(), abs=1e-6)

    joined = Doc(nlp.vocab, words=["Anna", "Leeleft"], spaces=[False, False])
    reference = Doc(nlp.vocab, words=words, spaces=[False] * 3, ents=["B-PER", "I-PER", "O"])
    assert gradients_of(nlp, [Example(joined, reference)])[0] == 0.0


def test_gradients_reach_the_word_vectors_and_averages_are_used():
    nlp = make_pipeline(lstm_width=8)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    model, docs = nlp.get_pipe("bio_ner").model, [example.predicted for example in examples]
    before = model.get_ref("tok2vec").to_bytes()
    optimizer = build_adamw(0.01, average_decay=0.5)
    for _ in range(3):
        nlp.update(examples, sgd=optimizer)
    assert model.get_ref("tok2vec").to_bytes() != before
    trained = model.predict(docs).emissions
    with nlp.use_params(optimizer.averages):
        averaged = model.predict(docs).emissions
        assert (averaged - trained).abs().max() > 1e-3
        saved = nlp.to_bytes()
    assert (model.predict(docs).emissions == trained).all()
    # what is saved within, as `spacy train` does, are the averages
    reloaded = make_pipeline(lstm_width=8).from_bytes(saved)
    assert (reloaded.get_pipe("bio_ner").model.predict(docs).emissions == averaged).all()


@pytest.mark.parametrize(("dropout", "changes"), [(None, True), (0.0, False)])
def test_dropout_follows_training_unless_it_is_set(dropout, changes):
    nlp = make_pipeline(dropout=dropout)
    train(nlp, n_steps=1)
    model = nlp.get_pipe("bio_ner").model.get_ref("head")
    vectors = [get_current_ops().asarray2f(np.ones((5, 32), dtype="float32"))]
    spacy.util.fix_random_seed(0)
    without, _ = model(vectors, is_train=False)
    for node in model.walk():
        if "dropout_rate" in node.attrs:
            node.attrs["dropout_rate"] = 0.5
    dropped, _ = model(vectors, is_train=True)
    assert bool((without.emissions != dropped.emissions).any()) is changes


def test_dropout_can_be_set_when_a_pipeline_is_loaded(tmp_path):
    nlp = make_pipeline()
    train(nlp, n_steps=1)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, config={"components.bio_ner.model.dropout": 0.25})
    assert dropout_of(loaded.get_pipe("bio_ner").model.get_ref("head")) == 0.25


def test_scores_are_those_of_spacy(trained):
    def doc(*tags):
        return Doc(trained.vocab, words=["w"] * len(tags), ents=list(tags))

    examples = [
        Example(doc("B-PER", "O", "B-LOC"), doc("B-PER", "I-PER", "B-LOC")),
        Example(doc("B-LOC", "O"), doc("O", "O")),
        Example(doc("B-LOC", "O"), Doc(trained.vocab, words=["w", "w"])),
    ]
    scores = trained.get_pipe("bio_ner").score(examples)
    assert scores == spacy.registry.scorers.get("spacy.ner_scorer.v1")()(examples)
    assert (scores["ents_p"], scores["ents_r"]) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert scores["ents_per_type"]["LOC"]["r"] == 1.0


def test_calibration_lowers_the_confidence_of_wrong_entities():
    nlp = make_pipeline()
    train(nlp)
    wrong = [(text, [(start, end, "PER") for start, end, _ in entities]) for text, entities in TRAINING]
    before = [ent._.confidence for ent in nlp(TRAINING[0][0]).ents]
    component = nlp.get_pipe("bio_ner")
    assert component.calibrate(make_examples(nlp, wrong))["temperature"] == component.cfg["temperature"] > 1
    after = [ent._.confidence for ent in nlp(TRAINING[0][0]).ents]
    assert len(after) == len(before)
    assert all(new < old for new, old in zip(after, before, strict=True))
    assert component.calibrate(make_examples(nlp))["temperature"] < 1
    unknown = [(text, [(start, end, "ORG") for start, end, _ in entities]) for text, entities in TRAINING]
    assert component.calibrate(make_examples(nlp, unknown))["temperature"] > 1
    with pytest.raises(SpanwrightError, match="S307"):
        component.calibrate(make_examples(nlp, [("nothing to be seen here", [])]))


def test_fit_temperature_recovers_what_made_the_outcomes():
    random = np.random.default_rng(0)
    logits = random.normal(1, 3, size=20_000)
    is_right = random.random(20_000) < 1 / (1 + np.exp(-logits / 2))
    assert fit_temperature(lambda t: 1 / (1 + np.exp(-logits / t)), is_right) == pytest.approx(2, rel=0.1)
    assert fit_temperature(lambda t: 1 / (1 + np.exp(-1 / t)), np.ones(5, bool)) == pytest.approx(COOLEST)
    asked = []
    assert fit_temperature(lambda t: asked.append(t) or 1 / (1 + np.exp(-1 / t)), np.zeros(5, bool)) == pytest.approx(
        HOTTEST
    )
    assert len(asked) == 26  # each time all development data are decoded


@pytest.mark.parametrize("tune_f1", [True, False])
def test_calibration_favours_entities_that_were_missed(tune_f1, tmp_path):
    nlp = make_pipeline(tune_f1=tune_f1)
    train(nlp)
    component = nlp.get_pipe("bio_ner")
    bias = component.model.get_ref("head").shims[0].module.output.bias.data
    while nlp.evaluate(make_examples(nlp))["ents_f"] > 0.9:
        bias[0] += 0.2  # O
    before = nlp.evaluate(make_examples(nlp))["ents_f"]
    learnt = component.calibrate(make_examples(nlp))
    assert learnt == {name: component.cfg[name] for name in ("entity_bonus", "temperature")}
    nlp.to_disk(tmp_path)
    after = spacy.load(tmp_path).evaluate(make_examples(nlp))["ents_f"]
    assert (learnt["entity_bonus"] > 0, after > before) == (tune_f1, tune_f1)
    if tune_f1:
        while nlp.evaluate(make_examples(nlp))["ents_p"] > 0.9:
            bias[0] -= 0.2
        assert component.calibrate(make_examples(nlp))["entity_bonus"] < learnt["entity_bonus"]
        assert nlp.evaluate(make_examples(nlp))["ents_p"] > 0.9


def test_fit_bonus_takes_what_is_best_among_its_neighbours():
    assert fit_bonus(lambda bonus: 0.8) == 0.0
    assert fit_bonus(lambda bonus: 1 - (bonus - 0.75) ** 2) == pytest.approx(0.75)
    assert fit_bonus(lambda bonus: max(0.7 - abs(bonus + 0.5), 0.69 * (bonus == 1.0))) == pytest.approx(-0.5)
    assert fit_bonus(lambda bonus: bonus) == pytest.approx(BONUSES[-2])
    asked = []
    fit_bonus(lambda bonus: asked.append(bonus) or 0.5)
    assert asked == BONUSES.tolist()


def test_calibration_leaves_out_what_earlier_components_found():
    nlp = make_pipeline()
    train(nlp)
    component, examples = nlp.get_pipe("bio_ner"), make_examples(nlp)
    for example in examples:
        example.predicted.ents = [Span(example.predicted, s.start, s.end, s.label) for s in example.reference.ents]
    with pytest.raises(SpanwrightError, match="S307"):
        component.calibrate(examples)


@pytest.mark.parametrize(
    ("settings", "weights", "smoothing"),
    [
        ({}, {}, 0.0),
        ({"class_weights": {"PER": 9.0, "O": 0.1}}, {"PER": 9.0, "O": 0.1}, 0.0),
        ({"label_smoothing": 0.2}, {}, 0.2),
    ],
)
def test_class_weights_and_smoothing_in_the_loss(settings, weights, smoothing):
    nlp = make_pipeline(head="linear", scheme="bio", **settings)
    train(nlp, n_steps=1)
    words, tags = ["Anna", "Lee", "saw", "Paris"], ["B-PER", "I-PER", "O", "B-LOC"]
    example = Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words, ents=tags))
    component = nlp.get_pipe("bio_ner")
    scores = component.model.predict([example.predicted])
    loss, _ = component.get_loss([example], scores)
    logs = scores.emissions.log_softmax(-1).numpy()
    names = component._tagset.names
    per_word = [
        -weights.get(tag[2:] or tag, 1.0) * ((1 - smoothing) * row[names.index(tag)] + smoothing * row.mean())
        for row, tag in zip(logs, tags, strict=True)
    ]
    total = sum(weights.get(tag[2:] or tag, 1.0) for tag in tags)
    assert loss == pytest.approx(sum(per_word) / total, rel=1e-5)


def test_labels_from_settings_and_label_data():
    nlp = make_pipeline()
    component = nlp.get_pipe("bio_ner")
    assert component.add_label("EXTRA") == 1
    assert component.add_label("EXTRA") == 0
    component.initialize(lambda: make_examples(nlp), nlp=nlp, labels=["PER", "LOC"])
    assert component.label_data == ["EXTRA", "PER", "LOC"]
    with pytest.raises(SpanwrightError, match=r"S282.*LATE"):
        component.add_label("LATE")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scheme": "iob"}, r"S280.*bio_ner\.scheme: iob .*bio, biluo"),
        ({"threshold": 1.5}, r"S280.*bio_ner\.threshold: 1\.5 .*0 to 1"),
        ({"label_thresholds": {"PER": -1}}, r"S280.*bio_ner\.label_thresholds\.PER: -1"),
        ({"head": "linear", "class_weights": {"PER": -2.0}}, r"S280.*bio_ner\.class_weights\.PER: -2"),
        ({"head": "linear", "label_smoothing": 1.0}, r"S280.*bio_ner\.label_smoothing: 1\.0"),
        ({"spans_key": ""}, r"S280.*bio_ner\.spans_key"),
        ({"head": "crf", "class_weights": {"PER": 2.0}}, r"S302.*class_weights.*linear"),
        ({"head": "crf", "label_smoothing": 0.1}, "S302"),
        ({"head": "mlp"}, r"S280.*bio_ner\.model\.head: mlp .*linear, crf"),
        ({"lstm_width": 0}, r"S280.*bio_ner\.model\.lstm_width: 0"),
        ({"dropout": 1.0}, r"S280.*bio_ner\.model\.dropout: 1\.0"),
    ],
)
def test_wrong_settings_are_refused_when_built(settings, message):
    with pytest.raises(SpanwrightError, match=message):
        make_pipeline(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label_thresholds": {"ORG": 0.5}}, r"S281.*label_thresholds.*ORG.*LOC, PER"),
        ({"head": "linear", "class_weights": {"ORG": 0.5}}, r"S281.*class_weights.*ORG.*LOC, PER, O"),
    ],
)
def test_settings_about_labels_that_are_not_there(settings, message):
    nlp = make_pipeline(**settings)
    with pytest.raises(SpanwrightError, match=message):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("data", [[("nothing here", [])], [("", [])]])
def test_nothing_to_learn_from(data):
    nlp = make_pipeline()
    with pytest.raises(SpanwrightError, match="S283"):
        nlp.initialize(lambda: make_examples(nlp, data))
