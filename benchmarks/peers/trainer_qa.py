"""Extractive question answering as Hugging Face's `run_qa` does it: windows with a stride, cross-entropies of start and end."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import common
import hf_trainer
import numpy as np
import torch
from questions import LONGEST_ANSWER, OVERLAP, WINDOW, Question, read_questions, score
from spacy.tokens import Doc
from transformers import (
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    BatchEncoding,
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    TrainerCallback,
    set_seed,
)

from spanwright.data.exporting.docs import answers_of, question_of
from spanwright.types import Ints2d, Singles1d

N_BEST = 20  # how many starts, and ends, of a window are combined
EVALUATED_AT_ONCE = 32  # windows

Row = dict[str, Any]


def main() -> None:
    args = read_options()
    common.use_threads(args)
    set_seed(args.seed)
    train, dev = common.read_docs(args.train), read_questions(args.dev)
    tokenizer = AutoTokenizer.from_pretrained(args.encoder)
    model = AutoModelForQuestionAnswering.from_pretrained(args.encoder)
    collator = DataCollatorWithPadding(tokenizer)
    clock = common.Clock()
    epochs = EachEpoch(clock, tokenizer, dev)
    with clock.measure():
        rows = training_rows(train, tokenizer, pad=args.pad_to_max_length)
        settings = {"learning_rate": args.learning_rate, "group_by_length": not args.pad_to_max_length}
        trainer = hf_trainer.build_trainer(args, model, rows, collator, **settings)
        if args.evaluate_each_epoch:
            trainer.add_callback(epochs)
        trainer.train()
    peak = common.peak_mb()
    if args.save:
        model.save_pretrained(args.save)
        tokenizer.save_pretrained(args.save)
    scores = score(dev, answers(model, tokenizer, dev))
    speed = args.epochs * len(train) / clock.seconds
    common.report(seconds=clock.seconds, questions_per_s=speed, peak_mb=peak, **scores, **epochs.columns)


def read_options() -> Namespace:
    options = hf_trainer.add_options(common.parser(__doc__))
    options.add_argument("--learning-rate", type=float, default=hf_trainer.LEARNING_RATE, help="run_qa's README: 3e-5")
    options.add_argument(
        "--pad-to-max-length", action="store_true", help="run_qa's default; else to the batch's longest"
    )
    options.add_argument("--evaluate-each-epoch", action="store_true")
    return options.parse_args()


class EachEpoch(TrainerCallback):
    """Scores the model at the end of each epoch but the last; the clock does not count it."""

    def __init__(self, clock: common.Clock, tokenizer: PreTrainedTokenizerFast, dev: Sequence[Question]) -> None:
        self.clock = clock
        self.tokenizer = tokenizer
        self.dev = dev
        self.columns: dict[str, float] = {}

    def on_epoch_end(self, args: Any, state: Any, control: Any, *, model: PreTrainedModel, **kwargs: Any) -> None:
        ended = round(state.epoch)
        if ended == args.num_train_epochs:
            return
        evaluation = common.Clock()
        with evaluation.measure():
            scores = score(self.dev, answers(model, self.tokenizer, self.dev))
        self.clock.seconds -= evaluation.seconds
        self.columns |= {f"{name}_{ended}": value for name, value in scores.items()}


def training_rows(docs: Sequence[Doc], tokenizer: PreTrainedTokenizerFast, *, pad: bool) -> list[Row]:
    """Return the windows of all questions, each with the pieces where its answer starts and ends: the first piece without one."""
    encoded = encode([question_of(doc) for doc in docs], [doc.text for doc in docs], tokenizer, pad=pad)
    golds = [answers_of(doc)[0] for doc in docs]
    rows = []
    for i, question in enumerate(encoded["overflow_to_sample_mapping"]):
        text, start = golds[question]
        first, last = find_pieces(context_offsets(encoded, i), start, start + len(text))
        rows.append({**inputs_of(encoded, i), "start_positions": first, "end_positions": last})
    return rows


def encode(
    questions: Sequence[str], contexts: Sequence[str], tokenizer: PreTrainedTokenizerFast, *, pad: bool = False
) -> BatchEncoding:
    return tokenizer(
        [question.lstrip() for question in questions],
        list(contexts),
        truncation="only_second",
        max_length=WINDOW,
        stride=OVERLAP,
        padding="max_length" if pad else False,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )


def inputs_of(encoded: BatchEncoding, i: int) -> Row:
    names = ("input_ids", "attention_mask", "token_type_ids")
    return {name: encoded[name][i] for name in names if name in encoded}


def context_offsets(encoded: BatchEncoding, i: int) -> Ints2d:
    """Return the characters (pieces, 2) that the pieces of a window stand for; -1 outside of the context."""
    offsets = np.array(encoded["offset_mapping"][i])
    offsets[[part != 1 for part in encoded.sequence_ids(i)]] = -1
    return offsets


def find_pieces(offsets: Ints2d, start: int, end: int) -> tuple[int, int]:
    """Return the first and the last piece of an answer, given in characters; the first piece twice unless all of it is there."""
    inside = np.flatnonzero(offsets[:, 0] >= 0)
    if not len(inside) or offsets[inside[0], 0] > start or offsets[inside[-1], 1] < end:
        return 0, 0
    first = inside[np.flatnonzero(offsets[inside, 0] <= start)[-1]]
    last = inside[np.flatnonzero(offsets[inside, 1] >= end)[0]]
    return int(first), int(last)


class Scored(NamedTuple):
    """A window with its start and end scores (pieces,) and the characters (pieces, 2) of its pieces."""

    starts: Singles1d
    ends: Singles1d
    offsets: Ints2d


def answers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, questions: Sequence[Question]) -> list[str]:
    """Return the best answer to each question."""
    encoded = encode([question.text for question in questions], [question.context for question in questions], tokenizer)
    windows: list[list[Scored]] = [[] for _ in questions]
    for i, starts, ends in predict(model, tokenizer, encoded):
        windows[encoded["overflow_to_sample_mapping"][i]].append(Scored(starts, ends, context_offsets(encoded, i)))
    return [best_answer(question.context, found) for question, found in zip(questions, windows, strict=True)]


@torch.no_grad()
def predict(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, encoded: BatchEncoding
) -> Iterator[tuple[int, Singles1d, Singles1d]]:
    """Yield the number of each window with its start and end scores."""
    model.eval()
    for first in range(0, len(encoded["input_ids"]), EVALUATED_AT_ONCE):
        numbers = range(first, min(first + EVALUATED_AT_ONCE, len(encoded["input_ids"])))
        batch = tokenizer.pad([inputs_of(encoded, i) for i in numbers], return_tensors="pt").to(model.device)
        outputs = model(**batch)
        starts, ends = outputs.start_logits.float().cpu().numpy(), outputs.end_logits.float().cpu().numpy()
        for row, i in enumerate(numbers):
            length = len(encoded["input_ids"][i])
            yield i, starts[row, :length], ends[row, :length]


def best_answer(context: str, windows: Sequence[Scored]) -> str:
    """Return the text whose start's and end's scores are together the highest, of the 20 best starts and ends of each window."""
    found = [
        (starts[first] + ends[last], offsets[first, 0], offsets[last, 1])
        for starts, ends, offsets in windows
        for first, last in product(np.argsort(-starts)[:N_BEST], np.argsort(-ends)[:N_BEST])
        if offsets[first, 0] >= 0 and offsets[last, 0] >= 0 and first <= last < first + LONGEST_ANSWER
    ]
    if not found:
        return ""
    _, start, end = max(found, key=lambda candidate: candidate[0])
    return context[start:end]


if __name__ == "__main__":
    main()
