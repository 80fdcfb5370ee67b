"""Training a classifier of texts: ours beside stock spaCy and Hugging Face's Trainer.

`python benchmarks/textcat.py`: seconds, words per second, peak memory, accuracy and F1 on the same data, with the same encoder,
epochs, batch size and learning rate; see docs/benchmarks.md.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from transformers import AutoTokenizer

from corpora import DATASETS, Corpora, hold_out, prepare, read
from harness import ROOT, Runs, alternate_peers, finish, read_earlier
from ner import PEERS, setting, shared_options, spacy_command
from options import ENCODER, Add, Encoder, Limit, Seeds, Threads, numbers_of
from spanwright.evaluation.categories import category_metrics
from spanwright.types import Bools1d, Doubles2d

COMPONENTS = {"imdb": "textcat", "cooking": "textcat_multilabel"}
HELD_OUT = 0.15  # of the training texts, to choose thresholds on
LONGEST = 512  # word pieces that the encoder takes at once
LABEL_COLUMNS = ("p", "r", "f", "average_precision", "threshold", "support")
WINDOWS = {"@architectures": "spanwright.WindowListener.v1", "pooling": "first"}

Metrics = dict[str, Any]


class Plan(NamedTuple):
    """What all peers of a run share."""

    component: str
    corpora: Corpora  # `dev` is what thresholds are chosen on
    test: Path
    learning_rate: float
    predictions: Path

    @property
    def exclusive(self) -> bool:
        return self.component == "textcat"


def main(
    data: Annotated[str, typer.Option(help="imdb or cooking")] = "imdb",
    peers: Annotated[
        str,
        typer.Option(
            help="which to run: ours; stock, with batches at random; stock sorted and trainer, with batches of like length; "
            "the first is what times are compared with"
        ),
    ] = "ours,stock,stock sorted,trainer",
    poolings: Annotated[
        str | None,
        typer.Option(
            help="ours with each in place of the config's: tokens.mean,tokens.attention,windows.logsumexp,..."
        ),
    ] = None,
    bf16: Annotated[bool, typer.Option("--bf16", help="the Trainer in bfloat16 too")] = False,
    learning_rate: Annotated[float, typer.Option(help="of all")] = 2e-4,
    seeds: Seeds = "0,1,2",
    epochs: Annotated[int | None, typer.Option(help="instead of those of the data set")] = None,
    threads: Threads = 1,
    limit: Limit = None,
    add: Add = False,
    encoder: Encoder = ENCODER,
) -> None:
    """Train each in turn, seed by seed."""
    result = "_".join(["textcat", data, *(["poolings"] if poolings else [])])
    settings = {
        "epochs": epochs or DATASETS[data].epochs,
        "learning_rate": learning_rate,
        "threads": threads,
        "encoder": encoder,
    }
    earlier = read_earlier(result, add=add, **settings)
    with tempfile.TemporaryDirectory() as folder:
        plan = make_plan(data, Path(folder), learning_rate=learning_rate, limit=limit)
        shared = [*shared_options(data, plan.corpora, encoder, epochs), "--test", str(plan.test)]
        commands = {}
        for name in peers.split(","):
            for variant, command in commands_of(name, plan, poolings, bf16=bf16).items():
                commands[variant] = [*command, *shared, "--predictions", str(plan.predictions / variant)]
        runs = alternate_peers(commands, numbers_of(seeds), threads=threads)
        add_scores(runs, plan, encoder)
    finish(result, runs, limit=limit, earlier=earlier, **settings)


def make_plan(data: str, out: Path, *, learning_rate: float, limit: int | None) -> Plan:
    """Convert the data into `out`.

    Thresholds are chosen on a part of the training texts. Where labels exclude each other there are none, and what is learnt
    from the texts that are scored, a temperature, changes no label.
    """
    component = COMPONENTS[data]
    corpora = prepare(data, out, limit=limit)
    parts = corpora if component == "textcat" else hold_out(corpora.train, HELD_OUT)
    return Plan(component, parts, corpora.dev, learning_rate, out / "predictions")


def commands_of(peer: str, plan: Plan, poolings: str | None, *, bf16: bool) -> dict[str, list[str]]:
    """Return the command lines of a peer, by the names of its variants."""
    if peer == "trainer":
        command = [sys.executable, str(PEERS / "trainer_textcat.py"), "--learning-rate", str(plan.learning_rate)]
        if not plan.exclusive:
            command.append("--multilabel")
        return {peer: command, "trainer bf16": [*command, "--bf16"]} if bf16 else {peer: command}
    rate = setting("training.optimizer.learn_rate.initial_rate", plan.learning_rate)
    if peer in ("stock", "stock sorted"):
        stock = spacy_command(PEERS / "configs" / f"stock_{plan.component}.cfg")
        return {peer: [*stock, *rate, *["--sort"] * (peer != "stock")]}
    ours = [*spacy_command(ROOT / "configs" / f"{plan.component}.cfg"), *rate]
    if poolings is None:
        return {peer: ours}
    return {f"{peer} {name}": [*ours, *pooling_settings(plan.component, name)] for name in poolings.split(",")}


def pooling_settings(component: str, name: str) -> list[str]:
    """Return the settings of tokens.POOLING or windows.POOLING; of a window, its first piece is what is pooled."""
    parts, pooling = name.split(".")
    model = f"components.{component}.model"
    listener = setting(f"{model}.tok2vec", WINDOWS) if parts == "windows" else []
    return [*setting(f"{model}.pooling", pooling), *listener]


def add_scores(runs: Runs, plan: Plan, encoder: Path) -> None:
    """Add to each run what its predictions score and, if it has thresholds of its own, a table of its labels."""
    docs = [doc for doc in read(plan.test) if len(doc)]
    labels = sorted({label for doc in docs for label in doc.cats})
    gold = to_array((doc.cats for doc in docs), labels)
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    is_long = np.array([len(tokenizer(doc.text, verbose=False).input_ids) > LONGEST for doc in docs], dtype=bool)
    for name, measured in runs.items():
        for run in measured:
            predicted = json.loads((plan.predictions / name / f"{run['seed']}.json").read_text(encoding="utf-8"))
            scores = to_array(predicted["cats"], labels)
            if plan.exclusive:
                run.update(exclusive_scores(gold, scores, labels, is_long))
                continue
            run.update(multilabel_scores(category_metrics(gold, scores, labels, exclusive=False)))
            if thresholds := predicted["thresholds"]:
                least = np.array([thresholds[label] for label in labels])
                tuned = category_metrics(gold, scores, labels, exclusive=False, thresholds=least)
                run.update({f"{column}_tuned": value for column, value in multilabel_scores(tuned).items()})
                run["labels"] = {
                    label: {column: row[column] or 0 for column in LABEL_COLUMNS}
                    for label, row in tuned["labels"].items()
                }


def to_array(rows: Iterable[Mapping[str, float]], labels: Sequence[str]) -> Doubles2d:
    return np.array([[row[label] for label in labels] for row in rows])


def exclusive_scores(gold: Doubles2d, scores: Doubles2d, labels: Sequence[str], is_long: Bools1d) -> dict[str, float]:
    """Return accuracy and macro F1, and the accuracy of texts that the encoder does not take at once, and of the others."""
    whole = category_metrics(gold, scores, labels, exclusive=True)
    columns = {"accuracy": whole["accuracy"], "macro_f1": whole["macro"]["f"], "long_texts": int(is_long.sum())}
    for column, chosen in (("accuracy_long", is_long), ("accuracy_others", ~is_long)):
        if chosen.any():
            columns[column] = category_metrics(gold[chosen], scores[chosen], labels, exclusive=True)["accuracy"]
    return columns


def multilabel_scores(metrics: Metrics) -> dict[str, float]:
    return {"macro_f1": metrics["macro"]["f"], "micro_f1": metrics["micro"]["f"]}


if __name__ == "__main__":
    typer.run(main)
