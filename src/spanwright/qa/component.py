"""`extractive_qa`: questions answered with parts of a Doc, by an encoder that reads both together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any, Literal, get_args

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.util import minibatch
from spacy.vocab import Vocab
from thinc.api import Config, Model, Optimizer
from torch import Tensor

from spanwright.calibration import fit_temperature
from spanwright.config_settings import ConfiguredPipe, check_setting
from spanwright.data.exporting.docs import question_of
from spanwright.errors import Errors, SpanwrightError
from spanwright.qa.answers import ANSWERS, Answer, Candidate, PieceScores, read_answers, store_answers
from spanwright.qa.asking import ServedVocabs, component_of
from spanwright.qa.calibration import fit_threshold
from spanwright.qa.contexts import ContextCache
from spanwright.qa.corpus import register_extensions
from spanwright.qa.decoding import Best, WindowScores, decode, merge_pieces, score_spans
from spanwright.qa.encoding import Asked, batch_rows, check_question, check_unicode, cut_pairs, score_pairs
from spanwright.qa.gold import credit_of, find_pieces, gold_characters, pad_targets, window_targets
from spanwright.qa.scorer import qa_score
from spanwright.qa.torch_head import answer_loss
from spanwright.qa.units import units_of
from spanwright.qa.windows import Row, WindowBatch
from spanwright.types import Doubles1d, Ints2d

extractive_qa_default_config = """
[model]
@architectures = "spanwright.QuestionAnswering.v1"
name = "assets/encoders/current"
window = 384
overlap = 128
"""

DEFAULT_EXTRACTIVE_QA_MODEL = Config().from_str(extractive_qa_default_config)["model"]
Snap = Literal["exact", "expand"]


@Language.factory(
    "extractive_qa",
    assigns=["doc.spans"],
    default_config={
        "model": DEFAULT_EXTRACTIVE_QA_MODEL,
        "questions": {},
        "max_answer_length": 30,
        "max_overlap": 0.5,
        "no_answer_threshold": None,
        "snap": "exact",
        "negatives": 1.0,
        "scorer": {"@scorers": "spanwright.qa_scorer.v1"},
    },
    default_score_weights={"qa_best_f1": 1.0, "qa_f1": 0.0, "qa_em": 0.0, "qa_no_answer_accuracy": 0.0},
)
def make_extractive_qa(
    nlp: Language,
    name: str,
    model: Model[WindowBatch, Tensor],
    questions: dict[str, str],
    max_answer_length: int | None,
    max_overlap: float,
    no_answer_threshold: float | None,
    snap: str,
    negatives: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> ExtractiveQA:
    """Construct the component `extractive_qa`. See `ExtractiveQA` for the settings."""
    return ExtractiveQA(
        nlp.vocab,
        model,
        name,
        make_doc=nlp.make_doc,
        questions=questions,
        max_answer_length=max_answer_length,
        max_overlap=max_overlap,
        no_answer_threshold=no_answer_threshold,
        snap=snap,
        negatives=negatives,
        scorer=scorer,
    )


class ExtractiveQA(ConfiguredPipe):
    """Answer questions with parts of a Doc: `doc._.ask`, `ask_many`, and the setting `questions` for every Doc of a pipeline.

    Serialisation is that of spaCy's TrainablePipe. A Doc with a question of its own in `doc._.question`, as
    `spanwright.QACorpus.v1` makes it, gets this one answered too, in `doc.spans["answers"]`.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[WindowBatch, Tensor],
        name: str = "extractive_qa",
        *,
        make_doc: Callable[[str], Doc],
        questions: dict[str, str] | None = None,
        max_answer_length: int | None = 30,
        max_overlap: float = 0.5,
        no_answer_threshold: float | None = None,
        snap: str = "exact",
        negatives: float = 1.0,
        scorer: Callable[..., dict[str, Any]] | None = qa_score,
    ) -> None:
        """Make the component.

        make_doc: tokenises contexts that are given as texts.
        questions: asked of every Doc; the answers go to `doc.spans["answers"]`, labelled with their keys.
        max_answer_length: of an answer, in word pieces. None = no limit.
        max_overlap: which share of the shorter one's word pieces two candidates may have in common. 1 = no limit.
        no_answer_threshold: there is no answer where the no-answer score is above it. None = there always is one.
            `calibrate` learns it.
        snap: "exact" = an answer is what the model marks, be it part of a token; "expand" = whole tokens.
        negatives: the share of windows without an answer that are trained on; of an impossible question it is one at least.

        Raises SpanwrightError for a value out of its range.
        """
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.make_doc = make_doc
        self.cfg: dict[str, Any] = {
            "questions": dict(questions or {}),
            "max_answer_length": max_answer_length,
            "max_overlap": max_overlap,
            "no_answer_threshold": no_answer_threshold,
            "snap": snap,
            "negatives": negatives,
            "temperature": 1.0,
        }
        self._check_settings()
        self.remember_config()
        self._contexts = ContextCache()
        register_extensions()
        self._vocabs = ServedVocabs()
        self._vocabs.serve(vocab, self)

    def predict(self, docs: Iterable[Doc]) -> list[dict[str, Answer]]:
        """Answer the questions of each Doc; by key, `"answers"` for the Doc's own."""
        docs = list(docs)
        for doc in docs:
            # a copy, such as calibration works with, does not take the place of its original
            if component_of(doc.vocab) is None:
                self._vocabs.serve(doc.vocab, self)
        asked = [(i, key, question, doc) for i, doc in enumerate(docs) for key, question in self._questions_of(doc)]
        by_doc: list[dict[str, Answer]] = [{} for _ in docs]
        if not asked:
            return by_doc
        answers = self._answer([question for *_, question, _ in asked], [doc for *_, doc in asked])
        for (i, key, *_), answer in zip(asked, answers, strict=True):
            by_doc[i][key] = answer
        return by_doc

    def set_annotations(self, docs: Iterable[Doc], answers: list[dict[str, Answer]]) -> None:
        """Set `doc.spans["answers"]` of Docs that were asked: see `spanwright.qa.answers.store_answers`."""
        for doc, by_key in zip(docs, answers, strict=True):
            if by_key:
                store_answers(doc, by_key)

    def ask_many(
        self, pairs: Iterable[tuple[str, str | Doc]], *, batch_size: int = 64, n_best: int = 1
    ) -> Iterator[Answer]:
        """Answer a stream of questions, each with its context; yield the answers in the same order.

        batch_size: how many questions are read ahead and encoded together, sorted by length.
        n_best: how many candidates an answer has at most.

        Raises SpanwrightError for what is no such pair, and a question that is empty, or too long for the model's windows.
        """
        for argument, value in (("batch_size", batch_size), ("n_best", n_best)):
            if not (isinstance(value, int) and value >= 1):
                raise SpanwrightError(Errors.S410.format(argument=argument, found=value))
        docs: dict[str, Doc] = {}
        for batch in minibatch(map(_checked_pair, pairs), batch_size):
            # many questions on one text follow each other: its Doc is handed on from batch to batch
            texts = dict.fromkeys(context for _, context in batch if isinstance(context, str))
            docs = {text: docs.get(text) or self.make_doc(text) for text in texts}
            contexts = [docs[context] if isinstance(context, str) else context for _, context in batch]
            yield from self._answer([question for question, _ in batch], contexts, n_best=n_best)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn the answers of `doc.spans["answers"]` to `doc._.question` of the reference Docs.

        drop: not used; the encoder's own dropout is a setting of the model.

        Adds to `losses` the mean loss of a window. Raises SpanwrightError as `ask_many` does.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, "ExtractiveQA.update")
        rows, gold = self._training_windows(examples)
        for numbers, batch in batch_rows(self.model, rows):
            scores, backprop = self.model.begin_update(batch)
            loss, d_scores = answer_loss(
                scores, batch.is_answer, pad_targets([gold[i] for i in numbers], batch.context_starts)
            )
            backprop(d_scores / len(rows))
            losses[self.name] += loss / len(rows)
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def initialize(self, get_examples: Callable[[], Iterable[Example]], *, nlp: Language | None = None) -> None:
        """Load the encoder. Raises SpanwrightError where no example has a question."""
        validate_get_examples(get_examples, "ExtractiveQA.initialize")
        if not any(example.reference._.question for example in get_examples()):
            raise SpanwrightError(Errors.S404.format(name=self.name))
        self.model.initialize()

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score the answers to the references' questions; `spacy evaluate` reads predicted Docs without a question, and
        these are asked here.
        """
        examples = list(examples)
        # some examples are notes of Docs, without extensions: see spanwright.evaluation.spacy_scores
        unasked = [eg for eg in examples if question_of(eg.reference) and ANSWERS not in read_answers(eg.predicted)]
        pairs = ((question_of(example.reference), example.predicted) for example in unasked)
        for example, answer in zip(unasked, self.ask_many(pairs), strict=True):
            store_answers(example.predicted, {ANSWERS: answer})
        return super().score(examples, **kwargs)

    def calibrate(self, examples: Iterable[Example]) -> dict[str, float | None]:
        """Learn the temperature at which scores best foretell which answers are right, and then the no-answer score above
        which leaving questions unanswered is worth most; store both in `cfg` and return them.

        examples: development data, not training data. Without impossible questions the threshold becomes None.

        Raises SpanwrightError where no example has a question.
        """
        examples = [example for example in examples if example.reference._.question]
        if not examples:
            raise SpanwrightError(Errors.S407.format(name=self.name))
        asked = self._cut([eg.reference._.question for eg in examples], [eg.reference.text for eg in examples])
        parts = score_pairs(self.model, asked)
        gold = [gold_characters(example) for example in examples]

        def best_at(temperature: float) -> Iterator[Best]:
            # the spans are scored anew each time: kept, their scores would fill the memory
            for example, pair, part in zip(examples, asked, parts, strict=True):
                yield self._decode(example.predicted, pair, part, n_best=1, temperature=temperature)

        @cache
        def scores_at(temperature: float) -> Doubles1d:
            return np.array([best.scores[0] if len(best.scores) else 0.0 for best in best_at(temperature)])

        def credits_of(found: Iterable[Best]) -> Doubles1d:
            rows = zip(found, asked, gold, strict=True)
            return np.array([credit_of(best, pair.context.offsets, answers) for best, pair, answers in rows])

        self.cfg["temperature"] = temperature = fit_temperature(scores_at, credits_of(best_at(1.0)) == 1.0)
        chosen = list(best_at(temperature))  # of widened spans, the temperature may have another be the best
        no_answer = np.array([best.no_answer_score for best in chosen])
        is_impossible = np.array([not answers for answers in gold])
        self.cfg["no_answer_threshold"] = fit_threshold(no_answer, credits_of(chosen), is_impossible)
        return {name: self.cfg[name] for name in ("temperature", "no_answer_threshold")}

    def _answer(self, questions: Sequence[str], docs: Sequence[Doc], *, n_best: int = 1) -> list[Answer]:
        # a Doc joins its text anew whenever asked for it
        text_of = {doc: doc.text for doc in dict.fromkeys(docs)}
        asked = self._cut(questions, [text_of[doc] for doc in docs])
        parts = score_pairs(self.model, asked)
        return [
            self._to_answer(question, doc, text_of[doc], self._best(doc, pair, part, n_best))
            for question, doc, pair, part in zip(questions, docs, asked, parts, strict=True)
        ]

    def _cut(self, questions: Sequence[str], texts: Sequence[str], **settings: Any) -> list[Asked]:
        return cut_pairs(self.model, questions, texts, self._contexts, name=self.name, **settings)

    def _decode(self, doc: Doc, pair: Asked, parts: Sequence[WindowScores], *, n_best: int, temperature: float) -> Best:
        _, offsets, is_blank, breaks = pair.context
        spans = score_spans(parts, is_blank=is_blank, breaks=breaks, max_length=self.cfg["max_answer_length"])
        units = units_of(offsets, doc if self.cfg["snap"] == "expand" else None)
        return decode(spans, n_best=n_best, max_overlap=self.cfg["max_overlap"], temperature=temperature, units=units)

    def _best(self, doc: Doc, pair: Asked, parts: Sequence[WindowScores], n_best: int) -> Best:
        best = self._decode(doc, pair, parts, n_best=n_best, temperature=self.cfg["temperature"])
        return best._replace(starts=pair.context.offsets[best.starts, 0], ends=pair.context.offsets[best.ends - 1, 1])

    def _to_answer(self, question: str, doc: Doc, text: str, best: Best) -> Answer:
        """Make the answer of candidates whose starts and ends are given in characters."""
        rows = zip(best.starts.tolist(), best.ends.tolist(), best.scores.tolist(), strict=True)
        candidates = tuple(self._to_candidate(doc, text, *row) for row in rows)
        threshold = self.cfg["no_answer_threshold"]
        has_answer = bool(candidates) and (threshold is None or best.no_answer_score <= threshold)
        return Answer(
            question, doc, candidates, best.no_answer_score, has_answer, partial(self._score_pieces, question, doc)
        )

    def _to_candidate(self, doc: Doc, text: str, start: int, end: int, score: float) -> Candidate:
        found = text[start:end]
        # the offsets of some tokenizers include the space before a word
        start, end = start + len(found) - len(found.lstrip()), end - len(found) + len(found.rstrip())
        span = doc.char_span(start, end, alignment_mode="expand")
        if self.cfg["snap"] == "expand":
            start, end = span.start_char, span.end_char
        return Candidate(text[start:end], start, end, score, span)

    def _score_pieces(self, question: str, doc: Doc) -> PieceScores:
        [pair] = self._cut([question], [doc.text])
        [parts] = score_pairs(self.model, [pair])
        return PieceScores(*merge_pieces(parts), pair.context.offsets)

    def _training_windows(self, examples: Sequence[Example]) -> tuple[list[Row], list[Ints2d]]:
        """Return the windows to train on, and each one's answers `(answers, 2)` as first and last pieces; none = no answer."""
        examples = [example for example in examples if example.reference._.question]
        needed = [gold_characters(example) for example in examples]
        docs = [example.reference for example in examples]
        asked = self._cut([doc._.question for doc in docs], [doc.text for doc in docs], needed=needed)
        rows: list[Row] = []
        gold: list[Ints2d] = []
        for characters, pair in zip(needed, asked, strict=True):
            answers = find_pieces(pair.context.offsets, characters)
            if characters and not len(answers):
                continue
            targets = [window_targets(window, answers) for window in pair.windows]
            whole = [(row, found) for row, found in zip(pair.rows(), targets, strict=True) if found is not None]
            kept = [window for window in whole if len(window[1]) or random.random() < self.cfg["negatives"]]
            if whole and not (kept or characters):
                kept = [random.choice(whole)]
            rows += [row for row, _ in kept]
            gold += [found for _, found in kept]
        return rows, gold

    def _questions_of(self, doc: Doc) -> list[tuple[str, str]]:
        own = [(ANSWERS, doc._.question)] if doc._.question else []
        return [*own, *self.cfg["questions"].items()]

    def _check_settings(self) -> None:
        cfg = self.cfg
        for key, question in cfg["questions"].items():
            check_question(question, place=f"components.{self.name}.questions.{key}")
        check = partial(check_setting, self.name)
        length, threshold = cfg["max_answer_length"], cfg["no_answer_threshold"]
        check("questions", ANSWERS, ANSWERS not in cfg["questions"], f"any keys but '{ANSWERS}'")
        check("max_answer_length", length, length is None or length >= 1, "1 or more, or null")
        check("max_overlap", cfg["max_overlap"], 0 <= cfg["max_overlap"] <= 1, "0 to 1")
        check("no_answer_threshold", threshold, threshold is None or 0 <= threshold <= 1, "0 to 1, or null")
        check("snap", cfg["snap"], cfg["snap"] in get_args(Snap), ", ".join(get_args(Snap)))
        check("negatives", cfg["negatives"], 0 <= cfg["negatives"] <= 1, "0 to 1")


def _checked_pair(pair: object) -> tuple[str, str | Doc]:
    if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[1], str | Doc)):
        raise SpanwrightError(Errors.S411.format(found=repr(pair)[:80]))
    if isinstance(pair[1], str):
        check_unicode(pair[1], place="ask_many")
    return pair[0], pair[1]
