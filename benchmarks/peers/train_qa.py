"""Train `extractive_qa` with spaCy's own loop: only the loop is timed, and evaluation comes once, after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import common
import train_spacy
from questions import Question, read_questions, score
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.util import registry

EACH_EPOCH = "benchmark_each_epoch"


def main() -> None:
    options = common.parser(__doc__)
    options.add_argument("--config", type=Path, required=True)
    options.add_argument("--set", action="append", default=[], help="section.key=JSON")
    options.add_argument("--evaluate-each-epoch", action="store_true")
    args = options.parse_args()
    common.use_threads(args)
    dev = read_questions(args.dev)
    clock = common.Clock()
    epochs = EachEpoch(clock, dev)
    registry.callbacks.register(EACH_EPOCH, func=lambda: epochs)
    settings = train_spacy.settings_of(args)
    if args.evaluate_each_epoch:
        settings["training.before_update"] = {"@callbacks": EACH_EPOCH}
    nlp = init_nlp(train_spacy.fill(args.config, settings))
    trained = train_spacy.train(nlp, clock)
    peak = common.peak_mb()
    calibration = common.Clock()
    with nlp.use_params(trained.averages):
        with calibration.measure():
            nlp = train_spacy.calibrated(nlp)
        if args.save:
            nlp.to_disk(args.save)
        scores = score(dev, answers(nlp, dev))
    speed = args.epochs * len(read_questions(args.train)) / clock.seconds
    extra = {"calibration_seconds": calibration.seconds}
    common.report(seconds=clock.seconds, questions_per_s=speed, peak_mb=peak, **scores, **epochs.columns, **extra)


class EachEpoch:
    """Scores the pipeline before the first step of each epoch but the first; the clock does not count it."""

    def __init__(self, clock: common.Clock, dev: list[Question]) -> None:
        self.clock = clock
        self.dev = dev
        self.ended = 0
        self.columns: dict[str, float] = {}

    def __call__(self, nlp: Language, step: dict[str, Any]) -> None:
        if step["epoch"] == self.ended:
            return
        self.ended = step["epoch"]
        evaluation = common.Clock()
        with evaluation.measure():
            scores = score(self.dev, answers(nlp, self.dev))
        self.clock.seconds -= evaluation.seconds
        self.columns |= {f"{name}_{self.ended}": value for name, value in scores.items()}


def answers(nlp: Language, questions: list[Question]) -> list[str]:
    asked = nlp.get_pipe("extractive_qa").ask_many((question.text, question.context) for question in questions)
    return [answer.text for answer in asked]


if __name__ == "__main__":
    main()
