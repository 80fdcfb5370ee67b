import copy
import gc
import json
import random
import shutil
import tracemalloc
from itertools import islice, pairwise, product

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from spanwright.encoder.tokenization import PieceTokenizer
from spanwright.errors import SpanwrightError
from spanwright.evaluation.evaluate import evaluate_pipeline
from spanwright.optimizer import build_adamw
from spanwright.qa.answers import read_answers
from spanwright.qa.contexts import ContextCache
from spanwright.qa.encoding import batch_rows
from spanwright.qa.windows import Row

CONTEXT = "you need ten years of experience, and a degree"
LONG = "data in the degree of experience you, " * 60 + "ten years"


def ask(nlp, question, context, **settings):
    return next(nlp.get_pipe("extractive_qa").ask_many([(question, context)], **settings))


def seen(answer):
    """All there is to see of an answer."""
    candidates = [(c.text, c.start_char, c.end_char, pytest.approx(c.score, abs=1e-5)) for c in answer.n_best]
    return bool(answer), answer.text, candidates, pytest.approx(answer.no_answer_score, abs=1e-5)


def train(nlp, examples, n_steps):
    optimizer = nlp.initialize(lambda: examples)
    optimizer = build_adamw(learn_rate=3e-3, weight_decay=0.0)
    return [nlp.update(examples, sgd=optimizer)["extractive_qa"] for _ in range(n_steps)]


@pytest.fixture(scope="module")
def trained(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder, model={"dropout": 0.0})
    examples = make_examples(nlp)
    losses = train(nlp, examples, 60)
    assert losses[-1] < 0.1 * losses[0]
    return nlp


def test_overfit_calibrate_save_load_same_answers(trained, make_examples, tmp_path):
    examples = make_examples(trained)
    component = trained.get_pipe("extractive_qa")
    learnt = component.calibrate(examples)
    assert 0 < learnt["no_answer_threshold"] < 1
    scores = trained.evaluate(examples)
    assert (scores["qa_em"], scores["qa_no_answer_accuracy"]) == (1.0, 1.0)
    trained.to_disk(tmp_path)
    reloaded = spacy.load(tmp_path)
    assert reloaded.get_pipe("extractive_qa").cfg == component.cfg
    for example in examples:
        doc, expected = reloaded(example.reference.text), ask(trained, example.reference._.question, example.predicted)
        answer = doc._.ask(example.reference._.question)
        assert seen(answer) == seen(expected)
        assert bool(answer) is bool(example.reference.spans["answers"])
        assert answer.text in [span.text for span in example.reference.spans["answers"]] or not answer
    from_bytes = spacy.blank("en")
    from_bytes.add_pipe("extractive_qa").from_bytes(component.to_bytes())
    assert seen(ask(from_bytes, "where", CONTEXT)) == seen(ask(trained, "where", CONTEXT))


def test_answers_have_all_that_is_documented(trained):
    doc = trained(CONTEXT)
    answer = doc._.ask("how many years", n_best=3)
    best = answer.n_best[0]
    assert answer
    assert (answer.text, answer.span.text, answer.start_char, answer.end_char) == ("ten", "ten", 9, 12)
    assert answer.span.doc is answer.doc is doc
    assert answer.score == best.score >= answer.n_best[1].score
    assert 0 < answer.score <= 1
    assert len(answer.start_scores) == len(answer.end_scores) == len(answer.offsets)
    assert doc.text[slice(*answer.offsets[answer.start_scores.argmax()])] in "ten"
    none = doc._.ask("what degree")
    assert not none
    assert (none.text, none.span, none.start_char, none.end_char, none.score) == ("", None, None, None, 0.0)
    assert none.no_answer_score > 0.5
    assert none.n_best[0].score > 0


def test_many_pairs_stream_and_equal_single_ones(untrained):
    component = untrained.get_pipe("extractive_qa")
    pairs = [
        ("where", CONTEXT),
        ("of what", LONG),
        ("how many years", CONTEXT),
        ("where", ""),
        ("where", "data"),
        ("what", untrained.make_doc("the pay\r\nis  good")),
        ("where", "   \t"),
    ]
    taken = []

    def stream():
        for pair in pairs * 2:
            taken.append(pair)
            yield pair

    answers = component.ask_many(stream(), batch_size=5, n_best=4)
    first = next(answers)
    assert len(taken) == 5
    together = [first, *answers]
    assert [seen(answer) for answer in together] == [seen(ask(untrained, *pair, n_best=4)) for pair in pairs * 2]
    assert list(component.ask_many([])) == []
    assert [bool(answer) for answer in together[:7]] == [True, True, True, False, True, True, False]
    assert [answer.no_answer_score for answer in (together[3], together[6])] == [1.0, 1.0]


def test_answers_are_exact_parts_of_the_context(untrained):
    context = (
        "a\U0001f600b  \r\n caf\u00e9\u0301 \u200b\u00a0z\ud7ff 3,5\u2009km \U0001f468\u200d\U0001f469\u200d\U0001f467"
    )
    for answer in untrained.get_pipe("extractive_qa").ask_many([("how far", context)] * 2, n_best=50):
        assert answer.n_best
        for candidate in answer.n_best:
            assert candidate.text == context[candidate.start_char : candidate.end_char] == candidate.text.strip() != ""
            assert candidate.span.start_char <= candidate.start_char < candidate.end_char <= candidate.span.end_char


def test_snapping_to_tokens(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder, snap="expand")
    nlp.initialize(lambda: make_examples(nlp))
    expanded = ask(nlp, "what", "experience wanted", n_best=20, batch_size=1)
    assert all(candidate.text == candidate.span.text for candidate in expanded.n_best)
    assert sorted(candidate.text for candidate in expanded.n_best) == ["experience", "wanted"]
    nlp.get_pipe("extractive_qa").cfg["snap"] = "exact"
    exact = ask(nlp, "what", "experience wanted", n_best=20)
    assert any(candidate.text != candidate.span.text for candidate in exact.n_best)


def test_candidates_share_no_more_than_the_setting_says(untrained):
    component = untrained.get_pipe("extractive_qa")
    before = dict(component.cfg)
    component.cfg.update(max_overlap=0.0, max_answer_length=3)
    try:
        candidates = ask(untrained, "what", LONG, n_best=30).n_best
    finally:
        component.cfg.update(before)
    ranges = sorted((candidate.start_char, candidate.end_char) for candidate in candidates)
    assert len(ranges) == 30
    assert all(end <= start for (_, end), (start, _) in pairwise(ranges))


def test_questions_in_the_config_fill_a_form(make_nlp, make_examples, tiny_encoder, trained):
    questions = {"years": "how many years", "degree": "what degree"}
    nlp = make_nlp(tiny_encoder, questions=questions)
    nlp.get_pipe("extractive_qa").from_bytes(trained.get_pipe("extractive_qa").to_bytes(), exclude=["cfg"])
    nlp.get_pipe("extractive_qa").cfg["no_answer_threshold"] = 0.5
    doc, empty = nlp.pipe([CONTEXT, ""])
    assert [(span.text, span.label_) for span in doc.spans["answers"]] == [("ten", "years")]
    [score] = doc.spans["answers"].attrs["scores"]
    records = read_answers(doc)
    assert list(records) == ["years", "degree"]
    assert (records["years"].score, records["years"].text, records["years"].has_answer) == (score, "ten", True)
    assert records["degree"].has_answer is False
    assert len(empty.spans["answers"]) == 0
    copies = [Doc(nlp.vocab).from_bytes(doc.to_bytes()), *DocBin(docs=[doc]).get_docs(nlp.vocab)]
    assert all(read_answers(copy) == records for copy in copies)
    assert "answers" not in trained(CONTEXT).spans  # nothing was asked


def test_stock_readers_can_be_evaluated_too(trained, make_examples):
    unasked = [Example(trained.make_doc(eg.reference.text), eg.reference) for eg in make_examples(trained)]
    assert trained.evaluate(unasked)["qa_em"] == trained.evaluate(make_examples(trained))["qa_em"]


def test_five_hundred_questions_cut_their_document_once(untrained, monkeypatch):
    cut = []
    original = PieceTokenizer.__call__
    monkeypatch.setattr(PieceTokenizer, "__call__", lambda self, texts: cut.extend(texts) or original(self, texts))
    context = "the pay is good in this town, number five"
    pairs = ((f"what of {number}", context) for number in range(500))
    answers = list(untrained.get_pipe("extractive_qa").ask_many(pairs, batch_size=100))
    assert len(answers) == 500
    assert cut.count(context) == 1
    assert len({id(answer.doc) for answer in answers}) == 1


def test_a_context_of_twenty_thousand_tokens(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder, model={"overlap": 32, "transformer_config": {"num_hidden_layers": 1}})
    nlp.initialize(lambda: make_examples(nlp))
    words = ["data", "in", "the", "degree"] * 5000
    doc = Doc(nlp.vocab, words=words)
    answer = doc._.ask("of what", n_best=5)
    assert len(answer.start_scores) == 20_000
    assert len(answer.n_best) == 5
    assert all(candidate.text == doc.text[candidate.start_char : candidate.end_char] for candidate in answer.n_best)


def test_an_answer_at_a_window_border_is_found_whole(make_nlp, tiny_encoder, make_examples):
    nlp = make_nlp(tiny_encoder, model={"window": 24, "overlap": 8, "dropout": 0.0})
    data = [("data in the degree of experience " * 4 + "with ten years " + "and data " * 9, "how many", ["ten years"])]
    train(nlp, make_examples(nlp, data), 60)
    assert ask(nlp, "how many", data[0][0]).text == "ten years"


@pytest.mark.parametrize(("negatives", "expected"), [(1.0, 5), (0.0, 1)])
def test_windows_without_the_answer_are_trained_on_by_their_share(
    make_nlp, make_examples, tiny_encoder, negatives, expected
):
    nlp = make_nlp(tiny_encoder, negatives=negatives, model={"window": 32, "overlap": 0})
    nlp.initialize(lambda: make_examples(nlp))
    random.seed(0)
    examples = make_examples(nlp, [("data " * 100 + "ten years", "of what", ["ten years"])])
    rows, gold = nlp.get_pipe("extractive_qa")._training_windows(examples)
    assert len(rows) == expected
    assert sum(len(targets) for targets in gold) == 1
    impossible = make_examples(nlp, [("data " * 100, "of what", [])])
    rows, _ = nlp.get_pipe("extractive_qa")._training_windows(impossible)
    assert len(rows) == max(1, negatives * 5)


def test_one_step_in_parts_equals_one_step(make_nlp, make_examples, tiny_encoder):
    gradients = []
    for pieces_at_once in (8192, 20):
        nlp = make_nlp(tiny_encoder, model={"dropout": 0.0, "pieces_at_once": pieces_at_once})
        nlp.initialize(lambda nlp=nlp: make_examples(nlp))
        torch.manual_seed(0)
        component = nlp.get_pipe("extractive_qa")
        module = component.model.shims[0].module
        for parameter in module.head.parameters():
            torch.nn.init.normal_(parameter)  # the gradient of equal weights would end at the last layer norm
        losses = component.update(make_examples(nlp))
        gradients.append(
            [losses["extractive_qa"], *(p.grad.numpy() for p in module.parameters() if p.grad is not None)]
        )
    assert gradients[0][0] == pytest.approx(gradients[1][0], rel=1e-5)
    assert np.median([np.abs(gradient).max() for gradient in gradients[0][1:]]) > 1e-3
    for whole, parts in zip(gradients[0][1:], gradients[1][1:], strict=True):
        assert whole == pytest.approx(parts, abs=1e-5)


def test_a_thousand_questions_take_no_growing_memory(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder)
    nlp.initialize(lambda: make_examples(nlp))
    component = nlp.get_pipe("extractive_qa")
    component._contexts = ContextCache(limit=1000)
    contexts = map(" ".join, product(["data", "you", "need", "ten", "years", "degree"], repeat=4))

    def ask_some(n: int) -> int:
        for _ in component.ask_many((("how many", context) for context in islice(contexts, n)), batch_size=50):
            pass
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = ask_some(250)
        assert ask_some(1000) - before < 100_000
    finally:
        tracemalloc.stop()
    assert next(contexts)  # there were enough


def test_pieces_at_once_count_the_padding(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder, model={"pad_to_multiple_of": 16, "pieces_at_once": 128})
    nlp.initialize(lambda: make_examples(nlp))
    rows = [Row(np.array([5]), np.array([6] * 13))] * 30  # with special pieces 17
    sizes = [batch.input_ids.shape for _, batch in batch_rows(nlp.get_pipe("extractive_qa").model, rows)]
    assert sizes == [(4, 32)] * 7 + [(2, 32)]


def test_scores_are_those_of_transformers(untrained, tiny_encoder):
    module = untrained.get_pipe("extractive_qa").model.shims[0].module
    peer = AutoModelForQuestionAnswering.from_pretrained(tiny_encoder).eval()
    peer.qa_outputs.load_state_dict(module.head.state_dict())
    inputs = AutoTokenizer.from_pretrained(tiny_encoder)("where", CONTEXT, return_tensors="pt")
    with torch.no_grad():
        outputs = peer(**inputs)
    in_context = np.flatnonzero(inputs["token_type_ids"][0])[:-1]
    answer = ask(untrained, "where", CONTEXT)
    assert answer.start_scores == pytest.approx(outputs.start_logits[0, in_context].numpy(), abs=1e-5)
    assert answer.end_scores == pytest.approx(outputs.end_logits[0, in_context].numpy(), abs=1e-5)


def test_other_weights_come_with_their_own_word_pieces(make_nlp, make_examples, tiny_encoder, tmp_path):
    other_encoder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, other_encoder)
    tokenizer = json.loads((other_encoder / "tokenizer.json").read_text("utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary["years"], vocabulary["degree"] = vocabulary["degree"], vocabulary["years"]
    (other_encoder / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    nlp, other = make_nlp(tiny_encoder, model={"context_pieces": 4}), make_nlp(other_encoder)
    for pipeline in (nlp, other):
        pipeline.initialize(lambda: make_examples(nlp))
    ask(nlp, "what degree", CONTEXT)  # its word pieces are kept
    other.to_disk(tmp_path / "other")
    nlp.from_disk(tmp_path / "other")
    nlp.get_pipe("extractive_qa").model.attrs["settings"]["context_pieces"] = None
    assert (
        ask(nlp, "what degree", CONTEXT).start_scores.tolist()
        == ask(other, "what degree", CONTEXT).start_scores.tolist()
    )


def test_a_form_can_be_given_when_loading(untrained, tmp_path):
    untrained.to_disk(tmp_path)
    questions = {"years": "how many years"}
    nlp = spacy.load(tmp_path, config={"components.extractive_qa.questions": questions})
    assert read_answers(nlp(CONTEXT)).keys() == {"years"}
    nlp.get_pipe("extractive_qa").cfg["questions"] = {"degree": "what degree"}
    nlp.to_disk(tmp_path / "other")
    assert read_answers(spacy.load(tmp_path / "other")(CONTEXT)).keys() == {"degree"}


def test_a_report_has_the_scores_of_spacy(trained, make_examples, tmp_path):
    examples = make_examples(trained)
    DocBin(docs=[example.reference for example in examples], store_user_data=True).to_disk(tmp_path / "dev.spacy")
    trained.to_disk(tmp_path / "pipeline")
    report = evaluate_pipeline(tmp_path / "pipeline", tmp_path / "dev.spacy")
    expected = trained.evaluate(make_examples(trained))
    for name in ("qa_em", "qa_f1", "qa_best_f1", "qa_no_answer_accuracy"):
        assert report["scores"][name] == pytest.approx(expected[name])
    assert report["answers"] is not None


def test_scoring_keeps_the_form(make_nlp, make_examples, tiny_encoder):
    nlp = make_nlp(tiny_encoder, questions={"years": "how many years"})
    nlp.initialize(lambda: make_examples(nlp))
    [example, *_] = make_examples(nlp)
    example.predicted._.question = None  # as `spacy evaluate` reads it
    doc = nlp(example.predicted)
    before = read_answers(doc)
    nlp.get_pipe("extractive_qa").score([Example(doc, example.reference)])
    assert {key: record for key, record in read_answers(doc).items() if key == "years"} == before
    assert read_answers(doc).keys() == {"years", "answers"}
    group = doc.spans["answers"]
    assert len(group) == len(group.attrs["scores"]) == 2


@pytest.mark.parametrize(
    "pair", [("where is \ud83d", CONTEXT), ("where", "the pay\udc00 is good"), ("\udfff", CONTEXT)]
)
def test_halves_of_surrogate_pairs_are_refused(untrained, pair):
    with pytest.raises(SpanwrightError, match=r"S408.*surrogate.*\\ud"):
        ask(untrained, *pair)


def test_impossible_and_missing_contexts_in_training(untrained, make_examples):
    component = untrained.get_pipe("extractive_qa")
    empty = untrained.make_doc("")
    empty._.question = "what"
    assert component._training_windows([Example(empty, empty.copy())]) == ([], [])
    rows, gold = component._training_windows(make_examples(untrained))
    assert [len(targets) for targets in gold] == [1, 0, 2, 1]
    assert len(rows) == 4


@pytest.mark.parametrize("argument", ["batch_size", "n_best"])
@pytest.mark.parametrize("value", [0, "2", None, 1.5])
def test_arguments_out_of_range_are_refused(untrained, argument, value):
    with pytest.raises(SpanwrightError, match=f"S410.*{argument}"):
        ask(untrained, "where", CONTEXT, **{argument: value})


def test_a_component_of_another_pipeline_answers_for_this_one(untrained):
    nlp = spacy.blank("en")
    nlp.add_pipe("extractive_qa", source=untrained)
    expected = ask(untrained, "where", CONTEXT)
    for pipeline in (nlp, copy.deepcopy(nlp)):
        answer = pipeline(CONTEXT)._.ask("where")
        assert (answer.text, answer.score) == (expected.text, expected.score)


def test_two_pipelines_answer_for_their_own_docs(untrained, make_nlp, make_examples, tiny_encoder):
    other = make_nlp(tiny_encoder, snap="expand")
    other.initialize(lambda: make_examples(other))
    for _ in range(2):
        for nlp in (untrained, other):
            doc = nlp(CONTEXT)
            assert doc._.ask("where").n_best == next(nlp.get_pipe("extractive_qa").ask_many([("where", doc)])).n_best


def test_an_answer_that_no_piece_stands_for_is_left_out_of_training(untrained, make_examples):
    component = untrained.get_pipe("extractive_qa")
    examples = make_examples(untrained, [("data \u200b here", "what", ["\u200b"])])
    assert component._training_windows(examples) == ([], [])
    assert component.update(examples) == {"extractive_qa": 0.0}
