"""`spanwright.Transformer.v1`, alone and inside spaCy's own `transformer` factory."""

from __future__ import annotations

import shutil
import warnings

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model
from transformers import AutoModel, AutoTokenizer

from spanwright.encoder.loading import EncoderModule
from spanwright.errors import SpanwrightError
from spanwright.optimizer import build_adamw

ODD_DOCS = {
    "nothing": [],
    "a blank": [" "],
    "line breaks": ["\n", "\n\n", "\t"],
    "one token": ["data"],
    "zero-width only": ["\u200b"],
    "zero-width between": ["a", "\u200b\u200d", "b", "\ufe0f"],
    "blank at both ends": [" ", "data", "  "],
    "emoji": ["\N{FAMILY}\u200d\N{BOY}", "\N{REGIONAL INDICATOR SYMBOL LETTER D}"],
    "special pieces": ["[SEP]", "[PAD]", "[PAD]"],
    "tokens that share a piece": ["da", "ta"],
    "long document": ["data", "and", "experience"] * 1000,
    "long token": ["a.b-" * 1250],
    "long token inside": ["you", "x" * 40 + "." * 300, "years"],
}


@pytest.fixture(scope="module")
def model(tiny_encoder, make_model) -> Model:
    model = make_model(tiny_encoder)
    model.initialize()
    return model


@pytest.fixture(scope="module")
def odd_docs() -> list[Doc]:
    spaces = {"tokens that share a piece": [False, False]}
    return [Doc(Vocab(), words=words, spaces=spaces.get(name)) for name, words in ODD_DOCS.items()]


def encoder_of(model: Model) -> EncoderModule:
    return model.shims[0].module


def test_every_token_of_odd_docs_has_a_finite_vector(model, odd_docs, vectors_of):
    together = vectors_of(model, odd_docs)
    for name, doc, vectors in zip(ODD_DOCS, odd_docs, together, strict=True):
        assert vectors.shape == (len(doc), 32) and np.isfinite(vectors).all(), name
        (alone,) = vectors_of(model, [doc])
        np.testing.assert_allclose(alone, vectors, atol=1e-5, err_msg=name)


def test_odd_docs_pass_in_training_and_empty_ones_in_any_mode(model, odd_docs):
    outputs, _ = model(odd_docs, is_train=True)
    hidden = outputs.model_output.last_hidden_state
    assert hidden.isfinite().all()
    assert len(hidden) == len(outputs.wordpieces) == sum(len(data.wordpieces) for data in outputs.doc_data)
    assert outputs.align.dataXd.max() < hidden.shape[0] * hidden.shape[1]
    for is_train in (True, False):
        outputs, _ = model([Doc(Vocab()), Doc(Vocab())], is_train=is_train)
        assert [len(data.wordpieces) for data in outputs.doc_data] == [0, 0]


def test_vectors_are_those_of_the_plain_encoder(model, tiny_encoder, make_doc, vectors_of):
    text = "You and the data, with 12 years"
    doc = make_doc(text)
    (vectors,) = vectors_of(model, [doc])
    encoded = AutoTokenizer.from_pretrained(tiny_encoder)(text, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(tiny_encoder)(**encoded).last_hidden_state[0].numpy()
    for token, vector in zip(doc, vectors, strict=True):
        start, end = token.idx, token.idx + len(token)
        rows = [i for i, (ps, pe) in enumerate(offsets) if max(ps, start) < min(pe, end)]
        assert rows
        np.testing.assert_allclose(vector, hidden[rows].mean(axis=0), atol=1e-5)


def test_a_token_takes_its_vector_from_the_window_that_owns_it(tiny_encoder, make_model, vectors_of):
    model = make_model(tiny_encoder, window=16, overlap=4)
    model.initialize()
    doc = Doc(Vocab(), words=["you", "and", "data", "of"] * 6)
    (vectors,) = vectors_of(model, [doc])
    ids = torch.from_numpy(model.predict([doc]).wordpieces.input_ids)
    # 14 words a window: 0-13 and 10-23; of the four they share, each owns two
    assert ids.shape == (2, 16)
    with torch.no_grad():
        hidden = encoder_of(model).transformer(ids, ids != 0).last_hidden_state.numpy()
    np.testing.assert_allclose(vectors[:12], hidden[0, 1:13], atol=1e-5)
    np.testing.assert_allclose(vectors[12:], hidden[1, 3:15], atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transformer_config": {"n_heads": 2}}, "S222.*bert.*n_heads"),
        ({"transformer_config": {"to_dict": 2}}, "S222.*to_dict"),
        (
            {"transformer_config": {"num_hidden_layers": 4}},
            "S204.*Missing: encoder.layer.2.*and 27 more. Unexpected: none",
        ),
        ({"transformer_config": {"hidden_size": 16}}, "S221.*"),
        ({"freeze": 3}, "S208.*2 layers.*first 3"),
        ({"window": 100_000}, "S280.*window: 100000.*at most"),
        ({"name": "no/such/folder"}, "S221.*no/such/folder.*fetch_encoder"),
    ],
    ids=str,
)
def test_what_initialisation_refuses(tiny_encoder, make_model, settings, message):
    model = make_model(**{"encoder": settings.pop("name", tiny_encoder), **settings})
    with pytest.raises(SpanwrightError, match=message):
        model.initialize()


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("window", [7, 0, -1]),
        ("overlap", [-1]),
        ("precision", ["fp8"]),
        ("storage", ["int8"]),
        ("freeze", ["some", -1]),
        ("attention", ["flash"]),
        ("pad_to_multiple_of", [0]),
        ("pieces_at_once", [0]),
        ("cache_memory", [-1]),
        ("dropout", [-0.1, 1.0]),
        ("attention_dropout", [-0.1, 1.0]),
    ],
)
def test_wrong_settings_fail_when_the_model_is_built(tiny_encoder, make_model, setting, values):
    for value in values:
        with pytest.raises(SpanwrightError, match=rf"{setting}: '?{value}.*(allowed|one of)"):
            make_model(tiny_encoder, **{setting: value})
    with pytest.raises(SpanwrightError, match=r"overlap: 30.*0 to 29, with window = 32"):
        make_model(tiny_encoder, window=32, overlap=30)


def test_half_the_bytes(model, tiny_encoder, make_model, make_doc, vectors_of):
    whole, doc = len(model.to_bytes()), make_doc("you and the data")
    (exact,) = vectors_of(model, [doc])
    weights = 4 * sum(parameter.numel() for parameter in encoder_of(model).parameters())
    for storage, tolerance in [("float16", 0.01), ("bfloat16", 0.1)]:
        half = make_model(tiny_encoder, storage=storage)
        half.initialize()
        assert whole - len(half.to_bytes()) == pytest.approx(weights / 2, rel=0.02)
        loaded = make_model(tiny_encoder, storage=storage).from_bytes(half.to_bytes())
        assert {parameter.dtype for parameter in encoder_of(loaded).parameters()} == {torch.float32}
        np.testing.assert_allclose(vectors_of(loaded, [doc])[0], exact, atol=tolerance)


def test_bfloat16_stays_close(model, tiny_encoder, make_model, make_doc, vectors_of):
    other, doc = make_model(tiny_encoder, precision="bf16"), make_doc("you and the data")
    other.initialize()
    (exact,), (close,) = vectors_of(model, [doc]), vectors_of(other, [doc])
    assert close.dtype == np.float32
    assert 0 < np.abs(exact - close).max() < 0.1


def test_from_scratch(model, tiny_encoder, make_model, parameters_of, changed):
    scratch = make_model(tiny_encoder, pretrained=False)
    torch.manual_seed(1)  # the tiny encoder was made with 0
    scratch.initialize()
    pretrained, random = parameters_of(model), parameters_of(scratch)
    assert {name: p.shape for name, p in pretrained.items()} == {name: p.shape for name, p in random.items()}
    # norms and biases begin at ones and zeros
    assert changed(pretrained, random) == {name for name, p in pretrained.items() if p.ndim > 1}


def test_sizes_of_an_encoder_from_scratch(tiny_encoder, make_model, make_doc, vectors_of):
    sizes = {"num_hidden_layers": 3, "hidden_size": 16, "intermediate_size": 8}
    model = make_model(tiny_encoder, pretrained=False, transformer_config=sizes)
    model.initialize()
    loaded = make_model("not there").from_bytes(model.to_bytes())
    assert len(encoder_of(loaded).transformer.encoder.layer) == 3
    assert vectors_of(loaded, [make_doc("data")])[0].shape == (1, 16)


def uneven(vectors):
    """Return a gradient that passes a last layer norm; one that is the same in all dimensions does not."""
    return torch.sin(torch.arange(vectors.numel(), dtype=torch.float32)).view(vectors.shape)


def test_gradient_checkpointing_changes_no_gradient(tiny_encoder, make_model, make_doc):
    gradients = []
    for checkpointing in (False, True):
        model = make_model(tiny_encoder, gradient_checkpointing=checkpointing, dropout=0.0)
        model.initialize()
        outputs, backprop = model.begin_update([make_doc("you and the data"), make_doc("years")])
        outputs.model_output["last_hidden_state"] = uneven(outputs.model_output.last_hidden_state)
        backprop(outputs)
        gradients.append({name: p.grad for name, p in encoder_of(model).named_parameters()})
    assert min(gradient.abs().max() for name, gradient in gradients[0].items() if "query.weight" in name) > 1e-3
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], msg=name)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_parts_change_neither_vectors_nor_gradients(tiny_encoder, make_model, make_doc, vectors_of, checkpointing):
    docs = [make_doc("you and the data"), make_doc("years"), make_doc("data and experience " * 60), make_doc("")]
    vectors, gradients = [], []
    for pieces_at_once in (8192, 70, 1):
        settings = {"pieces_at_once": pieces_at_once, "gradient_checkpointing": checkpointing}
        model = make_model(tiny_encoder, dropout=0.0, window=40, overlap=8, **settings)
        model.initialize()
        vectors.append(vectors_of(model, docs))
        outputs, backprop = model.begin_update(docs)
        # no component gives padding a gradient
        inside = torch.from_numpy(outputs.wordpieces.attention_mask).unsqueeze(-1)
        # rows of parts lie in another order than those of the whole batch: a gradient follows from the vector itself
        outputs.model_output["last_hidden_state"] = inside * outputs.model_output.last_hidden_state.detach().sin()
        backprop(outputs)
        gradients.append({name: p.grad for name, p in encoder_of(model).named_parameters()})
    assert min(gradient.abs().max() for name, gradient in gradients[0].items() if "query.weight" in name) > 1e-3
    for some in vectors[1:]:
        for found, expected in zip(some, vectors[0], strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-5)
    for some in gradients[1:]:
        for name, gradient in gradients[0].items():
            torch.testing.assert_close(some[name], gradient, atol=1e-4, rtol=1e-4, msg=name)


def test_tokens_that_the_encoder_cannot_see_are_reported_once(tiny_encoder, make_model, make_doc):
    model = make_model(tiny_encoder)
    model.initialize()
    unseen = Doc(Vocab(), words=["a", "\u200b\u200d", "b", " "])
    with pytest.warns(UserWarning, match=r"S213.*: 2 in one batch, such as '\\u200b"):
        model.predict([unseen, unseen])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict([unseen])


def test_weights_too_large_for_their_storage_are_named(tiny_encoder, make_model):
    model = make_model(tiny_encoder, storage="float16")
    model.initialize()
    with torch.no_grad():
        encoder_of(model).transformer.embeddings.LayerNorm.bias[0] = 1e6
    with pytest.raises(SpanwrightError, match=r"S212.*float16.*LayerNorm.bias.*bfloat16"):
        model.to_bytes()


@pytest.mark.parametrize(
    ("settings", "hidden", "attention"),
    [({}, 0.1, 0.0), ({"dropout": 0.2}, 0.2, 0.0), ({"attention_dropout": 0.3, "dropout": 0.0}, 0.0, 0.3)],
)
def test_dropout(tiny_encoder, make_model, settings, hidden, attention):
    def rates(model: Model) -> tuple[float, float]:
        config = encoder_of(model).transformer.config
        return config.hidden_dropout_prob, config.attention_probs_dropout_prob

    model = make_model(tiny_encoder, **settings)
    model.initialize()
    assert rates(model) == rates(make_model("", **settings).from_bytes(model.to_bytes())) == (hidden, attention)
    # a run's dropout does not travel with the weights
    assert rates(make_model("", attention_dropout=0.5).from_bytes(model.to_bytes())) == (0.1, 0.5)


@pytest.fixture
def no_outside(monkeypatch):
    """Neither network nor pickles."""

    def refuse(*args, **kwargs):
        raise AssertionError("loading must not come here")

    for refused in ("pickle.load", "pickle.loads", "pickle.Unpickler", "torch.load", "socket.socket"):
        monkeypatch.setattr(refused, refuse)


@pytest.mark.parametrize("way", ["disk", "bytes"])
def test_a_saved_pipeline_needs_nothing_else(tiny_encoder, make_nlp, odd_docs, vectors_of, tmp_path, way, no_outside):
    encoder, saved = shutil.copytree(tiny_encoder, tmp_path / "encoder"), tmp_path / "saved"
    nlp = make_nlp(encoder)
    nlp.initialize()
    shutil.rmtree(encoder)
    if way == "disk":
        nlp.to_disk(saved)
        loaded = spacy.load(saved)
        assert str(encoder).encode() not in (saved / "transformer/model").read_bytes()
    else:
        loaded = make_nlp(encoder).from_bytes(nlp.to_bytes())
    one, other = (vectors_of(each.get_pipe("transformer").model, odd_docs) for each in (nlp, loaded))
    for before, after in zip(one, other, strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_saved_pipeline_can_be_loaded_with_other_windows(tiny_encoder, make_nlp, tmp_path):
    nlp = make_nlp(tiny_encoder)
    nlp.initialize()
    nlp.to_disk(tmp_path)
    for window, n_windows in ((None, 1), (16, 6)):
        settings = {"components.transformer.model.window": window, "components.transformer.model.overlap": 4}
        loaded = spacy.load(tmp_path, config=settings)
        assert len(loaded("data of years " * 20)._.trf_data.wordpieces.strings) == n_windows


def test_annotations_survive_serialisation(tiny_encoder, make_nlp):
    nlp = make_nlp(tiny_encoder)
    nlp.initialize()
    doc, empty = nlp.pipe(["data of years", ""])
    copied = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    original = doc._.trf_data.model_output.last_hidden_state
    np.testing.assert_array_equal(copied._.trf_data.model_output["last_hidden_state"], original)
    assert len(empty._.trf_data.wordpieces) == 0


def test_stock_listeners_learn_and_load(tiny_encoder, make_nlp, make_examples, tmp_path):
    nlp = make_nlp(tiny_encoder, heads=["tagger", "ner", "textcat"], window=32, overlap=8)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    optimizer = build_adamw(0.003, head_factor=3.0)
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    scores = nlp.evaluate(examples)
    assert min(scores["tag_acc"], scores["ents_f"], scores["cats_macro_f"]) > 0.9

    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert {**loaded.evaluate(make_examples(loaded)), "speed": None} == {**scores, "speed": None}


def test_a_component_can_take_the_encoder_along(tiny_encoder, make_nlp, make_examples, tmp_path):
    nlp = make_nlp(tiny_encoder, heads=["tagger", "textcat"])
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    tags = [[token.tag_ for token in nlp(eg.text)] for eg in examples]
    nlp.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    nlp.remove_pipe("textcat")
    nlp.remove_pipe("transformer")
    assert [[token.tag_ for token in nlp(eg.text)] for eg in examples] == tags
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.pipe_names == ["tagger"]
    assert [[token.tag_ for token in loaded(eg.text)] for eg in examples] == tags
