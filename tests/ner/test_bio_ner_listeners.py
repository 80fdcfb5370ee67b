"""`bio_ner` over word vectors that components share."""

import pytest
import spacy
from recognisers import TEXTS, TOK2VEC, TRAINING, found, make_examples

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_first.v1"},
    "upstream": "*",
}


def make_listening(tiny_encoder, tok2vec):
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "transformer", config={"model": {"@architectures": "spanwright.Transformer.v1", "name": str(tiny_encoder)}}
    )
    nlp.add_pipe("bio_ner", config={"model": {"@architectures": "spanwright.BioNer.v1", "tok2vec": tok2vec}})
    return nlp


def test_over_a_transformer_listener(tiny_encoder, tmp_path):
    nlp = make_listening(tiny_encoder, LISTENER)
    examples = make_examples(nlp, [*TRAINING, ("", [])])
    optimizer = nlp.initialize(lambda: examples)
    before = nlp.get_pipe("transformer").model.to_bytes()
    losses = [nlp.update(examples, sgd=optimizer)["bio_ner"] for _ in range(3)]
    assert losses[-1] < losses[0]
    assert nlp.get_pipe("transformer").model.to_bytes() != before
    assert any(found(nlp(text)) for text in TEXTS)
    nlp.to_disk(tmp_path)
    reloaded = spacy.load(tmp_path)
    for text in TEXTS:
        assert found(reloaded(text)) == found(nlp(text))


def test_over_a_shared_tok2vec_of_spacy(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": TOK2VEC})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": TOK2VEC["width"], "upstream": "*"}
    nlp.add_pipe("bio_ner", config={"model": {"@architectures": "spanwright.BioNer.v1", "tok2vec": listener}})
    nlp.add_pipe(
        "text_classifier_multilabel",
        config={"model": {"@architectures": "spanwright.TextClassifier.v1", "tok2vec": listener}},
    )
    examples = make_examples(nlp, [("", []), *TRAINING])
    for example in examples:
        example.reference.cats = {"any": float(bool(example.reference.ents)), "long": float(len(example.reference) > 5)}
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    losses = [nlp.update(examples, sgd=optimizer) for _ in range(40)]
    assert all(losses[-1][name] < losses[0][name] / 2 for name in ("bio_ner", "text_classifier_multilabel"))
    nlp.to_disk(tmp_path)
    reloaded = spacy.load(tmp_path)
    assert any(found(nlp(text)) for text in TEXTS)
    for text in TEXTS:
        assert found(reloaded(text)) == found(nlp(text))
        assert reloaded(text).cats == pytest.approx(nlp(text).cats)


def test_a_listener_beside_word_shapes_learns_and_can_be_replaced(tiny_encoder, tmp_path):
    nlp = make_listening(tiny_encoder, {"@architectures": "spanwright.WithWordShape.v1", "tok2vec": LISTENER})
    examples = make_examples(nlp, [("", []), *TRAINING])
    optimizer = nlp.initialize(lambda: examples)
    losses = [nlp.update(examples, sgd=optimizer)["bio_ner"] for _ in range(3)]
    assert losses[-1] < losses[0]
    expected = [found(nlp(text)) for text in TEXTS]
    assert any(expected)
    nlp.replace_listeners("transformer", "bio_ner", ["model.tok2vec.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path)
    reloaded = spacy.load(tmp_path)
    assert [found(reloaded(text)) for text in TEXTS] == expected
