"""Train a spaCy config with spaCy's own loop, ours or stock: only the loop is timed, and evaluation comes once, after it."""

from __future__ import annotations

import json
import math
import time
from argparse import Namespace
from collections.abc import Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

import common
from spacy import util
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training.batchers import minibatch_by_padded_size
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_before_to_disk_callback, create_train_batches, train_while_improving
from spacy.util import registry, resolve_dot_names
from thinc.api import Config, fix_random_seed

from spanwright.calibration import calibrate_pipeline

BUFFER = 256  # texts that are sorted at once


def main() -> None:
    options = common.add_category_options(common.parser(__doc__))
    options.add_argument("--config", type=Path, required=True)
    options.add_argument("--set", action="append", default=[], help="section.key=JSON")
    options.add_argument(
        "--sort", action="store_true", help="texts of similar length in a batch, as spaCy's quickstart"
    )
    options.add_argument("--gold-words", action="store_true", help="the annotators' words in place of the tokenizer's")
    options.add_argument("--by-epoch", action="store_true", help="times of the first epoch, and of a later one")
    args = options.parse_args()
    common.use_threads(args)
    settings = settings_of(args)
    if args.sort:
        settings["training.batcher"] = sorted_batches(args)
    if args.gold_words:
        settings |= {"corpora.train.gold_preproc": True, "corpora.dev.gold_preproc": True}
    nlp = init_nlp(fill(args.config, settings))
    clock = common.Clock()
    trained = train(nlp, clock)
    peak = common.peak_mb()
    with nlp.use_params(trained.averages):
        measured = conclude(nlp, args)
    times = trained.by_epoch() if args.by_epoch else {"seconds": trained.seconds, "words_per_s": trained.speed}
    common.report(**times, peak_mb=peak, steps=trained.steps, **measured)


def conclude(nlp: Language, args: Namespace) -> dict[str, float]:
    """Calibrate the trained pipeline, save it where that was asked for, and score it, or write what it predicts."""
    calibration = common.Clock()
    with calibration.measure():
        nlp = calibrated(nlp)
    if args.save:
        nlp.to_disk(args.save)
    measured = {"calibration_seconds": calibration.seconds}
    if args.predictions:
        predict_categories(nlp, args)
        return measured
    return {**evaluate(nlp), **measured}


def calibrated(nlp: Language) -> Language:
    """Return the pipeline as `spacy train` saves it."""
    training = registry.resolve(nlp.config.interpolate()["training"], schema=ConfigSchemaTraining)
    return create_before_to_disk_callback(training["before_to_disk"])(nlp)


class Trained(NamedTuple):
    """A training: its steps, words and seconds, those of its first epoch, and averages of weights if there are any."""

    steps: int
    words: int
    seconds: float
    first_words: int
    first_seconds: float
    averages: Mapping[Any, Any] | None = None

    @property
    def speed(self) -> float:
        """Words per second."""
        return self.words / self.seconds

    def by_epoch(self) -> dict[str, float]:
        """Return the seconds of an epoch after the first, its words per second, and the seconds of the first."""
        speed = (self.words - self.first_words) / (self.seconds - self.first_seconds)
        return {"seconds": self.first_words / speed, "words_per_s": speed, "first_epoch": self.first_seconds}


def settings_of(args: Namespace) -> dict[str, Any]:
    """Return the settings that are made equal for all peers, and those given with --set."""
    given = dict(setting.split("=", 1) for setting in args.set)
    return {
        "paths.train": str(args.train),
        "paths.dev": str(args.dev),
        "paths.encoder": str(args.encoder),
        "system.seed": args.seed,
        # steps may be added for the sake of evaluations, which are not made here
        "initialize.before_init": {
            "@callbacks": "spanwright.steps_from_epochs.v1",
            "epochs": args.epochs,
            "evaluations": 1,
        },
        "training.batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": args.batch_size},
        "training.logger": {"@loggers": "spacy.ConsoleLogger.v1"},
        **{name: json.loads(value) for name, value in given.items()},
    }


def sorted_batches(args: Namespace) -> dict[str, Any]:
    """Return the batcher of spaCy's quickstart, with the size that gives no more batches than the others have.

    No text is left out, as the quickstart's settings would one of more than 2,000 words.
    """
    docs = common.read_docs(args.train)
    most = math.ceil(len(docs) / args.batch_size)
    sizes = count(sum(map(len, docs)) // most)
    size = next(size for size in sizes if sum(1 for _ in minibatch_by_padded_size(docs, size, BUFFER)) <= most)
    return {"@batchers": "spacy.batch_by_padded.v1", "size": size, "buffer": BUFFER, "discard_oversize": False}


def fill(path: Path, settings: dict[str, Any]) -> Config:
    """Return the config with the settings, completed with spaCy's defaults."""
    config = util.load_config(path, interpolate=False)
    for name, value in settings.items():
        *sections, key = name.split(".")
        section = config
        for part in sections:
            section = section.setdefault(part, {})
        section[key] = value
    return util.load_model_from_config(config, auto_fill=True).config


def train(nlp: Language, clock: common.Clock) -> Trained:
    """Train as `spacy train` does, without its evaluations."""
    config = nlp.config.interpolate()
    fix_random_seed(config["training"]["seed"])
    training = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    (corpus,) = resolve_dot_names(config, [training["train_corpus"]])
    optimizer, steps = training["optimizer"], training["max_steps"]
    loop = train_while_improving(
        nlp,
        optimizer,
        create_train_batches(nlp, corpus, training["batcher"], training["max_epochs"]),
        lambda: (0.0, {}),
        dropout=training["dropout"],
        accumulate_gradient=training["accumulate_gradient"],
        patience=0,
        max_steps=0,
        eval_frequency=steps + 1,
        exclude=[],
        annotating_components=training["annotating_components"],
        before_update=training["before_update"],
    )
    words = first_words = 0
    first_seconds = 0.0
    start = time.perf_counter()
    with clock.measure():
        for batch, step, _ in islice(loop, steps):
            words += sum(len(example.reference) for example in batch)
            if step["epoch"] == 0:
                first_words, first_seconds = words, time.perf_counter() - start
    return Trained(steps, words, clock.seconds, first_words, first_seconds, optimizer.averages)


def evaluate(nlp: Language) -> dict[str, float]:
    """Score the entities of development texts. What components learn from such texts, they learn from one half for the other."""
    (corpus,) = resolve_dot_names(nlp.config.interpolate(), ["corpora.dev"])
    gold, found = [], []
    for scored in (0, 1):
        examples = list(corpus(nlp))
        others, own = examples[1 - scored :: 2], examples[scored::2]
        calibrate_pipeline(nlp, lambda others=others: others)
        gold += [common.gold_entities(example.reference) for example in own]
        found += [common.gold_entities(doc) for doc in nlp.pipe(example.predicted for example in own)]
    return common.entity_scores(gold, found)


def predict_categories(nlp: Language, args: Namespace) -> None:
    """Write the categories that the pipeline's last component gives to plain texts."""
    predicted = nlp.pipe(doc.text for doc in common.read_docs(args.test))
    thresholds = getattr(nlp.get_pipe(nlp.pipe_names[-1]), "thresholds", {})
    common.write_categories(args, (doc.cats for doc in predicted), thresholds)


if __name__ == "__main__":
    main()
