import copy
import tracemalloc

import numpy as np
import pytest

from spanwright.calibration import fit_temperature
from spanwright.qa.calibration import fit_threshold
from spanwright.qa.decoding import decode, score_spans
from spanwright.qa.encoding import score_pairs
from spanwright.qa.gold import credit_of

SENTENCE = "data in the degree of experience you, " * 8


def test_calibration_keeps_no_scores_of_spans(untrained, make_examples):
    component = copy.copy(untrained.get_pipe("extractive_qa"))
    component.cfg = {**component.cfg, "max_answer_length": 100}
    data = [(f"number {n} of {SENTENCE}", "where", ["number"] if n % 3 else []) for n in range(150)]
    examples = make_examples(untrained, data)
    component.calibrate(examples)  # the word pieces of contexts are kept
    tracemalloc.start()
    learnt = component.calibrate(examples)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    asked = component._cut(["where"] * len(data), [context for context, *_ in data])
    parts = [score_pairs(component.model, [pair])[0] for pair in asked]
    spans = [
        score_spans(part, is_blank=pair.context.is_blank, max_length=100)
        for pair, part in zip(asked, parts, strict=True)
    ]
    assert peak < sum(span.band.nbytes for span in spans) / 4
    gold = [[(0, len("number"))] if answers else [] for *_, answers in data]
    temperature, threshold = learn(spans, [pair.context.offsets for pair in asked], gold)
    assert learnt == {"temperature": pytest.approx(temperature), "no_answer_threshold": pytest.approx(threshold)}


def learn(spans, offsets, gold):
    """Temperature and threshold, from the scores of all spans."""

    def best_at(temperature):
        return [decode(span, n_best=1, max_overlap=1.0, temperature=temperature) for span in spans]

    credit = np.array([credit_of(*row) for row in zip(best_at(1.0), offsets, gold, strict=True)])
    temperature = fit_temperature(lambda t: np.array([best.scores[0] for best in best_at(t)]), credit == 1.0)
    no_answer = np.array([best.no_answer_score for best in best_at(temperature)])
    return temperature, fit_threshold(no_answer, credit, np.array([not len(answers) for answers in gold]))
