"""Texts of any length over a transformer, by tokens and by windows."""

import pytest
import spacy

TOKENS = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
    "upstream": "*",
}
FIRST_PIECES = {"@architectures": "spanwright.WindowListener.v1", "pooling": "first"}
MEANS = {"@architectures": "spanwright.WindowListener.v1", "pooling": "mean"}
DATA = [("to the data", {"x": 1.0}), ("you and years", {"y": 1.0}), ("", {"x": 1.0}), (" ", {"x": 1.0})]
LONG = "data of the years " * 60


@pytest.fixture
def make_with_encoder(make_pipeline, make_examples, tiny_encoder):
    def make(tok2vec, pooling="mean", **settings):
        nlp = make_pipeline(model={"tok2vec": tok2vec, "pooling": pooling})
        architecture = {"@architectures": "spanwright.Transformer.v1", "name": str(tiny_encoder), **settings}
        nlp.add_pipe("transformer", config={"model": architecture}, first=True)
        spacy.util.fix_random_seed(0)
        examples = make_examples(nlp, DATA)
        return nlp, nlp.initialize(lambda: examples), examples

    return make


@pytest.mark.parametrize(
    ("tok2vec", "pooling"),
    [
        (TOKENS, "mean"),
        (TOKENS, "logsumexp"),
        (FIRST_PIECES, "attention"),
        (FIRST_PIECES, "mean"),
        (MEANS, "logsumexp"),
    ],
)
def test_training_reaches_the_encoder_and_batches_change_nothing(tok2vec, pooling, make_with_encoder, tmp_path):
    nlp, optimizer, examples = make_with_encoder(tok2vec, pooling, window=32, overlap=4, dropout=0.0)
    before = nlp.get_pipe("transformer").model.to_bytes()
    losses = [nlp.update(examples, sgd=optimizer)["textcat"] for _ in range(5)]
    assert min(losses) < losses[0]  # a random encoder's first pieces are alike: the first steps overshoot
    assert nlp.get_pipe("transformer").model.to_bytes() != before
    nlp.to_disk(tmp_path)
    reloaded = spacy.load(tmp_path)
    texts = ["", "data", " ", LONG, "you and years"]
    for doc, text in zip(nlp.pipe(texts), texts, strict=True):
        for other in (nlp(text), reloaded(text)):
            assert doc.cats == {label: pytest.approx(chance, abs=1e-5) for label, chance in other.cats.items()}
    assert [len(nlp(text).cats) for text in texts] == [2] * 5


@pytest.mark.parametrize("tok2vec", [TOKENS, MEANS])
def test_a_listener_can_be_replaced(tok2vec, make_with_encoder, tmp_path):
    nlp, optimizer, examples = make_with_encoder(tok2vec, window=32, overlap=4)
    nlp.update(examples, sgd=optimizer)
    expected = [nlp(text).cats for text in ("data", LONG)]
    nlp.replace_listeners("transformer", "textcat", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path)
    reloaded = spacy.load(tmp_path)
    for text, cats in zip(("data", LONG), expected, strict=True):
        assert reloaded(text).cats == pytest.approx(cats, abs=1e-5)


def test_windows_are_pooled_by_hand(make_with_encoder):
    nlp, _, _ = make_with_encoder(MEANS, window=16, overlap=2)
    listener = nlp.get_pipe("textcat").model.get_ref("tok2vec")
    docs = [nlp.get_pipe("transformer")(nlp.make_doc(text)) for text in ("data", "", "to the data of years " * 6)]
    pooled = listener.predict(docs)
    first = make_with_encoder(FIRST_PIECES)[0].get_pipe("textcat").model.get_ref("tok2vec").layers[1]
    firsts = first.predict([doc._.trf_data for doc in docs])
    for doc, means, heads in zip((docs[0], docs[2]), (pooled[0], pooled[2]), (firsts[0], firsts[2]), strict=True):
        data = doc._.trf_data
        for i, n_pieces in enumerate(data.wordpieces.lengths):
            window = data.model_output.last_hidden_state[i]
            assert means[i] == pytest.approx(window[:n_pieces].mean(axis=0), abs=1e-5)
            assert heads[i] == pytest.approx(window[0])
    assert [len(windows) for windows in pooled] == [1, 0, len(docs[2]._.trf_data.wordpieces.lengths)]
    assert len(pooled[2]) > 1


@pytest.mark.parametrize(
    ("n_words", "tok2vec", "pooling", "reads_all"),
    [
        (20_000, TOKENS, "mean", True),
        (2_000, TOKENS, "attention", True),
        (2_000, FIRST_PIECES, "logsumexp", True),
        (2_000, MEANS, "first", False),
    ],
)
def test_long_texts_to_the_last_sentence_in_bounded_memory(
    n_words, tok2vec, pooling, reads_all, make_with_encoder, make_examples
):
    nlp, optimizer, _ = make_with_encoder(tok2vec, pooling, pieces_at_once=1024)
    encoder = nlp.get_pipe("transformer").model.shims[0].module.transformer
    sizes = []
    encoder.register_forward_pre_hook(
        lambda _, args, kwargs: sizes.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    body = "to the data of " * (n_words // 4)
    one, other = (nlp(body + end).cats for end in ("you", "years"))
    assert len(nlp.make_doc(body)) == n_words
    assert (one != other) is reads_all
    nlp.update(make_examples(nlp, [(body + "you", {"x": 1.0})]), sgd=optimizer)
    assert sum(sizes) > 3 * n_words
    assert max(sizes) <= 1024
    assert nlp(body + "you").cats != one
