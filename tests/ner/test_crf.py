"""Every function against the enumeration of all sequences, in padded batches."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest
import torch

from spanwright.ner import decoding
from spanwright.ner.crf import expected_moves, forward_backward, marginals, pad_index, path_posteriors, viterbi
from spanwright.ner.decoding import decode
from spanwright.ner.tags import ANY, build_tagset, find_spans, permitted_tags
from spanwright.ner.torch_head import TagScores, forbid, sequence_loss, token_loss

LENGTHS = np.array([4, 1, 3, 2])
FREE = np.full(LENGTHS.sum(), ANY)
SCHEMES = [("bio", ("X", "Y")), ("biluo", ("X",))]


class Problem(NamedTuple):
    tagset: object
    emissions: torch.Tensor  # (words, tags)
    transitions: torch.Tensor
    known: np.ndarray  # (words,)

    @property
    def docs(self):
        """Each Doc's words, as a slice."""
        ends = np.cumsum(LENGTHS)
        return [slice(end - length, end) for end, length in zip(ends, LENGTHS, strict=True)]

    def sequences(self, doc):
        """All valid sequences of the Doc that agree with the known tags, with their scores."""
        tagset, n_words = self.tagset, doc.stop - doc.start
        allowed, transitions = tagset.allowed, self.transitions.numpy()
        emissions, known = self.emissions.numpy()[doc], self.known[doc]
        for sequence in itertools.product(range(len(tagset)), repeat=n_words):
            steps = list(itertools.pairwise((-1, *sequence, -1)))
            agrees = all(tag in (ANY, chosen) for tag, chosen in zip(known, sequence, strict=True))
            # an entity that is known ends where it ends
            grows = any(
                known[i] != ANY and known[i + 1] == ANY and tagset.continues[sequence[i], sequence[i + 1]]
                for i in range(n_words - 1)
            )
            if agrees and not grows and all(allowed[step] for step in steps):
                yield sequence, sum(transitions[step] for step in steps) + sum(emissions[range(n_words), sequence])

    def padded(self):
        index, mask = pad_index(np.cumsum(LENGTHS) - LENGTHS, LENGTHS)
        permitted = permitted_tags(self.known, LENGTHS, self.tagset)
        emissions = forbid(self.emissions, permitted)[torch.from_numpy(index)]
        return emissions, forbid(self.transitions, self.tagset.allowed), torch.from_numpy(mask)


def make_problem(scheme, labels, known=None, *, seed=0, scale=2.0):
    tagset = build_tagset(labels, scheme)
    random = torch.Generator().manual_seed(seed)
    emissions = scale * torch.randn(int(LENGTHS.sum()), len(tagset), generator=random, dtype=torch.float64)
    transitions = torch.randn(len(tagset) + 1, len(tagset) + 1, generator=random, dtype=torch.float64)
    tags = FREE if known is None else np.array([ANY if k == "?" else tagset.names.index(k) for k in known.split()])
    return Problem(tagset, emissions, transitions, tags)


PROBLEMS = [
    *(make_problem(scheme, labels) for scheme, labels in SCHEMES),
    make_problem("bio", ("X", "Y"), "? B-X ? ?  B-Y  O ? B-Y  ? ?", seed=1),
    make_problem("biluo", ("X",), "? B-X L-X ?  U-X  ? ? U-X  O ?", seed=2),
]


@pytest.fixture(params=PROBLEMS, ids=["bio", "biluo", "bio, some known", "biluo, some known"])
def problem(request):
    return request.param


def test_log_z_is_the_sum_over_all_sequences(problem):
    lattice = forward_backward(*problem.padded())
    expected = [np.logaddexp.reduce([score for _, score in problem.sequences(doc)]) for doc in problem.docs]
    assert lattice.log_z.numpy() == pytest.approx(expected)


def test_marginals_and_expected_moves(problem):
    emissions, transitions, mask = problem.padded()
    lattice = forward_backward(emissions, transitions, mask)
    tags, moves = marginals(lattice), expected_moves(lattice, mask)
    for row, doc in enumerate(problem.docs):
        expected_tags = np.zeros((doc.stop - doc.start, len(problem.tagset)))
        expected = np.zeros(moves.shape[1:])
        for sequence, score in problem.sequences(doc):
            probability = math.exp(score - lattice.log_z[row])
            expected_tags[range(len(sequence)), sequence] += probability
            for step in itertools.pairwise((-1, *sequence, -1)):
                expected[step] += probability
        assert tags[row, : len(expected_tags)].numpy() == pytest.approx(expected_tags)
        assert moves[row].numpy() == pytest.approx(expected)


def test_viterbi_finds_the_best_sequence(problem):
    paths = viterbi(*problem.padded()).numpy()
    for path, doc in zip(paths, problem.docs, strict=True):
        best, _ = max(problem.sequences(doc), key=lambda pair: pair[1])
        assert tuple(path[: len(best)]) == best


def test_path_posteriors_are_conditional_probabilities(problem):
    emissions, transitions, mask = problem.padded()
    path = viterbi(emissions, transitions, mask)
    lattice = forward_backward(emissions, transitions, mask)
    continues = torch.from_numpy(problem.tagset.continues)
    posteriors = path_posteriors(lattice, path, continues, mask)
    for row, doc in enumerate(problem.docs):
        weighed = [(sequence, math.exp(score - lattice.log_z[row])) for sequence, score in problem.sequences(doc)]
        best = tuple(path[row, : doc.stop - doc.start].tolist())
        for t, tag in enumerate(best):
            here = sum(p for sequence, p in weighed if sequence[t] == tag)
            assert posteriors.tag[row, t].exp().item() == pytest.approx(here)
            if t > 0:
                before = sum(p for sequence, p in weighed if sequence[t - 1] == best[t - 1])
                both = sum(p for sequence, p in weighed if sequence[t - 1 : t + 1] == best[t - 1 : t + 1])
                assert posteriors.step[row, t].exp().item() == pytest.approx(both / before)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_confidence_is_the_posterior_of_exactly_the_span(problem, temperature):
    scores = TagScores(problem.emissions, problem.transitions, LENGTHS)
    entities = decode(scores, problem.tagset, preset=problem.known, temperature=temperature)
    assert len(entities.confidences) > 0
    for start, end, label, confidence in zip(*entities.spans, entities.confidences, strict=True):
        assert (problem.known[start:end] == ANY).all()
        doc = next(doc for doc in problem.docs if doc.start <= start < doc.stop)
        having = total = 0.0
        for sequence, score in problem.sequences(doc):
            total += math.exp(score / temperature)
            spans = zip(*find_spans(np.array(sequence), problem.tagset), strict=True)
            if (start - doc.start, end - doc.start, label) in spans:
                having += math.exp(score / temperature)
        assert confidence == pytest.approx(having / total)


@pytest.mark.parametrize("bonus", [-1.5, 1.5])
def test_a_bonus_for_each_entity_decides_which_sequence_is_best_and_no_confidence(problem, bonus):
    scores = TagScores(problem.emissions, problem.transitions, LENGTHS)
    entities = decode(scores, problem.tagset, preset=problem.known, entity_bonus=bonus)
    spans = list(zip(*entities.spans, strict=True))
    without = decode(scores, problem.tagset, preset=problem.known)
    expected, likelihoods = [], []
    for doc in problem.docs:
        sequences = list(problem.sequences(doc))

        def worth(pair):
            return pair[1] + bonus * len(find_spans(np.array(pair[0]), problem.tagset).starts)

        best = np.array(max(sequences, key=worth)[0])
        best[problem.known[doc] != ANY] = 0
        own = list(zip(*find_spans(best, problem.tagset), strict=True))
        expected += [(start + doc.start, end + doc.start, label) for start, end, label in own]
        total = np.logaddexp.reduce([score for _, score in sequences])
        for span in own:
            having = [
                s for tags, s in sequences if span in zip(*find_spans(np.array(tags), problem.tagset), strict=True)
            ]
            likelihoods.append(math.exp(np.logaddexp.reduce(having) - total))
    assert spans == expected
    assert entities.confidences == pytest.approx(likelihoods)
    assert (len(spans) - len(without.confidences)) * bonus >= 0


def test_sequence_loss_and_its_gradients(problem):
    scores = TagScores(problem.emissions.float(), problem.transitions.float(), LENGTHS)
    if (problem.known == ANY).all():
        loss, gradients = sequence_loss(scores, problem.known, problem.tagset)
        assert loss == 0.0
        assert not gradients.emissions.any()
        assert not gradients.transitions.any()
        return

    def loss_by_enumeration(emissions, transitions):
        own = problem._replace(emissions=emissions, transitions=transitions)
        everything = own._replace(known=FREE)
        total = 0.0
        for doc in problem.docs:
            total += np.logaddexp.reduce([score for _, score in everything.sequences(doc)])
            total -= np.logaddexp.reduce([score for _, score in own.sequences(doc)])
        return total / (problem.known != ANY).sum()

    loss, gradients = sequence_loss(scores, problem.known, problem.tagset)
    assert loss == pytest.approx(loss_by_enumeration(problem.emissions, problem.transitions), rel=1e-5)
    small = 1e-4
    for name, at in [("emissions", (2, 1)), ("emissions", (4, 0)), ("transitions", (0, 1)), ("transitions", (-1, 1))]:
        nudged = {"emissions": problem.emissions.clone(), "transitions": problem.transitions.clone()}
        nudged[name][at] += small
        slope = (loss_by_enumeration(**nudged) - loss) / small
        assert getattr(gradients, name)[at].item() == pytest.approx(slope, abs=5e-3)


def test_large_scores_and_long_docs_stay_finite():
    tagset = build_tagset(("X",), "biluo")
    lengths = np.array([1000, 1])
    emissions = 200 * torch.randn(1001, len(tagset), generator=torch.Generator().manual_seed(0))
    scores = TagScores(emissions, torch.zeros(len(tagset) + 1, len(tagset) + 1), lengths)
    gold = np.zeros(1001, dtype=np.int64)
    loss, gradients = sequence_loss(scores, gold, tagset)
    assert math.isfinite(loss)
    assert gradients.emissions.isfinite().all()
    confidences = decode(scores, tagset).confidences
    assert len(confidences) > 100
    assert ((confidences >= 0) & (confidences <= 1)).all()


def test_token_loss_ignores_unknown_tags_and_weighs_the_others():
    emissions = torch.tensor([[2.0, 0.0], [0.0, 1.0], [5.0, -5.0]])
    scores = TagScores(emissions, torch.zeros(3, 3), np.array([3]))
    weights = np.array([1.0, 3.0], dtype=np.float32)
    loss, gradients = token_loss(scores, np.array([0, 0, ANY]), weights=weights, label_smoothing=0.0)
    chance = [1 / (1 + math.exp(-2)), 1 / (1 + math.exp(1))]
    assert loss == pytest.approx(-(math.log(chance[0]) + math.log(chance[1])) / 2)
    assert gradients.emissions.numpy() == pytest.approx(
        np.array([[chance[0] - 1, 1 - chance[0]], [chance[1] - 1, 1 - chance[1]], [0, 0]]) / 2, abs=1e-6
    )
    weighed, _ = token_loss(scores, np.array([0, 1, ANY]), weights=weights, label_smoothing=0.0)
    assert weighed == pytest.approx(-(math.log(chance[0]) + 3 * math.log(1 - chance[1])) / 4)
    for gold, own_weights in [(np.full(3, ANY), weights), (np.array([0, 0, ANY]), weights - 1)]:
        nothing, gradients = token_loss(scores, gold, weights=own_weights, label_smoothing=0.1)
        assert nothing == 0.0
        assert not gradients.emissions.any()


def test_smoothing_weighs_words_as_their_gold_tags_do():
    emissions = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    scores = TagScores(emissions, torch.zeros(3, 3), np.array([2]))
    weights = np.array([0.0, 1.0], dtype=np.float32)
    loss, gradients = token_loss(scores, np.array([0, 1]), weights=weights, label_smoothing=0.2)
    chances = emissions[1].log_softmax(dim=0)
    assert loss == pytest.approx(-(0.1 * chances[0] + 0.9 * chances[1]).item())
    assert not gradients.emissions[0].any()


def test_how_docs_are_batched_does_not_change_entities(problem, monkeypatch):
    scores = TagScores(problem.emissions, problem.transitions, LENGTHS)
    together = decode(scores, problem.tagset)
    monkeypatch.setattr(decoding, "LARGEST_BATCH", 3)
    apart = decode(scores, problem.tagset)
    assert [column.tolist() for column in apart.spans] == [column.tolist() for column in together.spans]
    assert apart.confidences == pytest.approx(together.confidences)
