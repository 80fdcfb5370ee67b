"""Lower layers that read questions and contexts apart: what they compute, how often, and that nothing stale is kept."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
import torch

from spanwright.errors import SpanwrightError
from spanwright.optimizer import build_adamw
from spanwright.qa.sharing import DividedEncoder

CONTEXT = "you need ten years of experience, and a degree"
QUESTIONS = ["how many years", "what degree", "of what", "who are you", "how many years"]


@pytest.fixture(scope="module")
def nlp(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder, model={"shared_layers": 1})
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


@pytest.fixture
def lower_calls(monkeypatch) -> list[int]:
    calls: list[int] = []
    run = DividedEncoder._run_lower
    monkeypatch.setattr(DividedEncoder, "_run_lower", lambda *args: calls.append(len(args[1])) or run(*args))
    return calls


def found(nlp, pairs, **settings) -> list[tuple]:
    answers = nlp.get_pipe("extractive_qa").ask_many(pairs, n_best=3, **settings)
    return [(answer.text, answer.score, answer.no_answer_score) for answer in answers]


def assert_same(one, other) -> None:
    assert [text for text, *_ in one] == [text for text, *_ in other]
    np.testing.assert_allclose([row[1:] for row in one], [row[1:] for row in other], atol=1e-5)


def test_the_layers_are_those_of_the_encoder(nlp):
    module = nlp.get_pipe("extractive_qa").model.shims[0].module.eval()
    bert = module.encoder.transformer
    question, context = torch.tensor([2, 11, 12, 3]), torch.tensor([20, 21, 22, 3])
    with torch.no_grad():
        parts = [
            bert.encoder.layer[0](bert.embeddings(ids[None], torch.full((1, 4), segment)))[0]
            for segment, ids in enumerate((question, context))
        ]
        expected = module.head(bert.encoder.layer[1](torch.cat(parts, dim=1))[0])
        scores = module(torch.cat([question, context])[None], None, None, ([question.numpy()], [context.numpy()]))
    torch.testing.assert_close(scores, expected, atol=1e-6, rtol=1e-5)


def test_company_changes_no_answer(nlp):
    other = "the pay is good in Oslo"
    pairs = [*((question, CONTEXT) for question in QUESTIONS), ("where", other), ("where", "data " * 300)]
    together = found(nlp, pairs)
    assert_same(together, [row for pair in pairs for row in found(nlp, [pair])])
    assert_same(together, found(nlp, pairs, batch_size=2))


def test_a_context_is_read_once(nlp, lower_calls):
    context, questions = "a degree of ten years, and data", [f"which of {letter}" for letter in "abcdeab"]
    found(nlp, [(question, context) for question in questions])
    assert sum(lower_calls) == len(set(questions)) + 1
    del lower_calls[:]
    doc = nlp(context)
    doc._.ask("which of a")
    assert lower_calls == []
    doc._.ask("which data")
    assert sum(lower_calls) == 1


def test_a_long_context_is_cut_alike_for_all_questions(make_nlp, make_examples, tiny_encoder, lower_calls):
    nlp = make_nlp(tiny_encoder, model={"shared_layers": 1, "window": 64, "overlap": 8})
    nlp.initialize(lambda: make_examples(nlp))
    found(nlp, [("years", "data of you and the years " * 40)])
    n_windows = sum(lower_calls) - 1
    del lower_calls[:]
    found(nlp, [("how many years", "data of you and the years " * 40)])
    assert n_windows > 5 and sum(lower_calls) == 1


def test_what_is_kept_is_bounded_and_forgotten(nlp, lower_calls):
    module = nlp.get_pipe("extractive_qa").model.shims[0].module.eval()
    divided = DividedEncoder(module.encoder, 1, limit=2 * 4 * 4 * 32)
    texts = [np.array([2, 10 + i, 11, 3]) for i in range(4)]
    with torch.no_grad():
        for text in texts:
            divided._read_once([text], 1)
        assert len(divided._known) == 2
        divided._read_once(texts[2:], 1)
        assert len(lower_calls) == 4
        divided._read_once(texts[:1], 1)
        assert len(lower_calls) == 5
        (before,) = divided._read_once(texts[:1], 1).values()
        (other_segment,) = divided._read_once(texts[:1], 0).values()
        assert not torch.allclose(before, other_segment)


def test_a_failure_leaves_the_cache_in_order(nlp, monkeypatch):
    divided = DividedEncoder(
        nlp.get_pipe("extractive_qa").model.shims[0].module.eval().encoder, 1, limit=2 * 3 * 4 * 32
    )
    texts = [np.array([2, 10 + i, 3]) for i in range(4)]
    with torch.no_grad():
        divided._read_once(texts[:2], 1)
        with monkeypatch.context() as patch, pytest.raises(MemoryError):
            patch.setattr(DividedEncoder, "_run_lower", lambda *_: (_ for _ in ()).throw(MemoryError))
            divided._read_once(texts, 1)
        for text in texts:
            divided._read_once([text], 1)
    assert [key for _, key in divided._known] == [text.tobytes() for text in texts[2:]]


def test_what_is_loaded_follows_the_setting(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    pairs = [(question, CONTEXT) for question in QUESTIONS]
    plain = spacy.load(tmp_path, config={"components.extractive_qa.model.shared_layers": 0})
    assert len(found(plain, pairs)) == len(pairs)
    plain.to_disk(tmp_path / "plain")
    again = spacy.load(tmp_path / "plain", config={"components.extractive_qa.model.shared_layers": 1})
    assert_same(found(nlp, pairs), found(again, pairs))


def test_training_changes_later_answers_and_can_be_saved(make_nlp, make_examples, tiny_encoder, tmp_path):
    nlp = make_nlp(tiny_encoder, model={"shared_layers": 1, "dropout": 0.0})
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    pairs = [(question, CONTEXT) for question in QUESTIONS]
    before = found(nlp, pairs)
    optimizer = build_adamw(0.003, head_factor=3.0)
    losses = [nlp.update(examples, sgd=optimizer)["extractive_qa"] for _ in range(60)]
    assert losses[-1] < 0.3 * losses[0]
    after = found(nlp, pairs)
    assert max(abs(one[1] - other[1]) for one, other in zip(before, after, strict=True)) > 0.01
    assert nlp.evaluate(make_examples(nlp))["qa_best_f1"] > 0.9
    nlp.to_disk(tmp_path)
    assert_same(after, found(spacy.load(tmp_path), pairs))


def test_gradients_are_those_of_questions_on_their_own(nlp, make_examples):
    """What several questions share is read once, and gets the gradients of all."""
    component = nlp.get_pipe("extractive_qa")
    module = component.model.shims[0].module
    question, context = [np.array([2, 11 + i, 3]) for i in range(3)], np.array([20, 21, 3])
    rates = [part.p for part in module.modules() if isinstance(part, torch.nn.Dropout)]
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    gradients = []
    for groups in ([question], [[one] for one in question]):
        module.train().zero_grad()
        for group in groups:
            ids = torch.zeros(len(group), 6, dtype=torch.long)
            module(ids, None, None, (group, [context] * len(group))).sum().backward()
        gradients.append({name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None})
    for part, rate in zip((p for p in module.modules() if isinstance(p, torch.nn.Dropout)), rates, strict=True):
        part.p = rate
    module.zero_grad()
    assert any("layer.0" in name for name in gradients[0])
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize("shared_layers", [2, 7])
def test_some_layer_must_read_both(make_nlp, make_examples, tiny_encoder, shared_layers):
    nlp = make_nlp(tiny_encoder, model={"shared_layers": shared_layers})
    with pytest.raises(SpanwrightError, match=rf"S280.*shared_layers.*{shared_layers}.*0 to 1, for this bert"):
        nlp.initialize(lambda: make_examples(nlp))


def test_no_fewer_than_none(make_nlp, tiny_encoder):
    with pytest.raises(SpanwrightError, match=r"S280.*shared_layers.*-1"):
        make_nlp(tiny_encoder, model={"shared_layers": -1})
