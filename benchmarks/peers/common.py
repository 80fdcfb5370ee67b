"""What all peers share: the corpora, the clock, and the JSON line that each prints."""

from __future__ import annotations

import json
import resource
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin

Entity = tuple[int, int, str]  # first character, one past the last, label
WARM_UP = 64  # texts


def parser(description: str | None) -> ArgumentParser:
    """Options that every training peer has."""
    options = ArgumentParser(description=description)
    options.add_argument("--train", type=Path, required=True)
    options.add_argument("--dev", type=Path, required=True)
    options.add_argument("--encoder", type=Path, required=True)
    options.add_argument("--epochs", type=int, required=True)
    options.add_argument("--batch-size", type=int, required=True)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--save", type=Path, help="folder for the trained model")
    return options


def add_category_options(options: ArgumentParser) -> ArgumentParser:
    """Options of peers that give texts categories, for the benchmark to score."""
    options.add_argument("--test", type=Path, help="corpus of which categories are predicted")
    options.add_argument("--predictions", type=Path, help="folder for SEED.json: predicted categories and thresholds")
    return options


def write_categories(args: Namespace, cats: Iterable[Mapping[str, float]], thresholds: Mapping[str, float]) -> None:
    """Write the probability of each label of each text, and from where on a label is given, where that is not 0.5."""
    args.predictions.mkdir(parents=True, exist_ok=True)
    written = json.dumps({"cats": list(cats), "thresholds": thresholds})
    (args.predictions / f"{args.seed}.json").write_text(written, encoding="utf-8")


def running_options(description: str | None) -> Namespace:
    """Options of peers that run a trained model."""
    options = ArgumentParser(description=description)
    options.add_argument("--model", type=Path, required=True)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--batch-size", type=int, default=1)
    options.add_argument("--precision", help="of our encoder, in place of the pipeline's own")
    options.add_argument("--context-pieces", type=int, help="of a context, that ours reads for a question")
    options.add_argument("--seed", type=int, help="not used: nothing is drawn")
    options.add_argument("--threads", type=int, default=1)
    args = options.parse_args()
    use_threads(args)
    return args


def measure_entities(find: Callable[[list[str]], list[set[Entity]]], docs: Sequence[Doc]) -> None:
    """Measure `find` on the texts of the Docs, after a first few that are not measured, and report it."""
    texts = [doc.text for doc in docs]
    find(texts[:WARM_UP])
    clock = Clock()
    with clock.measure():
        found = find(texts)
    speed = {"texts_per_s": len(docs) / clock.seconds, "words_per_s": sum(map(len, docs)) / clock.seconds}
    scores = entity_scores([gold_entities(doc) for doc in docs], found)
    report(seconds=clock.seconds, **speed, peak_mb=peak_mb(), **scores)


def read_docs(path: Path) -> list[Doc]:
    """Return the Docs of a corpus that have words."""
    vocab = spacy.blank("en").vocab
    return [doc for doc in DocBin(store_user_data=True).from_disk(path).get_docs(vocab) if len(doc)]


class Clock:
    """Seconds between the start and the end of `measure`."""

    seconds = 0.0

    @contextmanager
    def measure(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start


def gold_entities(doc: Doc) -> set[Entity]:
    return {(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents}


def entity_scores(gold: Sequence[set[Entity]], predicted: Sequence[set[Entity]]) -> dict[str, float]:
    """Return the F1 of entities that are right in both ends and their label, over all Docs, and the mean of the labels' F1,
    weighted by how many entities of each there are.
    """
    labels = {label for doc in gold for _, _, label in doc}
    support = {label: sum(len(with_label(doc, label)) for doc in gold) for label in labels}
    by_label = {
        label: strict_f1([with_label(doc, label) for doc in gold], [with_label(doc, label) for doc in predicted])
        for label in labels
    }
    weighted = sum(by_label[label] * support[label] for label in labels) / max(sum(support.values()), 1)
    return {"f1": strict_f1(gold, predicted), "weighted_f1": weighted}


def with_label(entities: set[Entity], label: str) -> set[Entity]:
    return {entity for entity in entities if entity[2] == label}


def strict_f1(gold: Sequence[set[Entity]], predicted: Sequence[set[Entity]]) -> float:
    right = sum(len(ours & theirs) for ours, theirs in zip(gold, predicted, strict=True))
    total = sum(map(len, gold)) + sum(map(len, predicted))
    return 2 * right / total if total else 0.0


def peak_mb() -> float:
    """Peak memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 10 if sys.platform != "darwin" else 1 << 20)


def report(**numbers: float) -> None:
    """Print the JSON line that the benchmark reads."""
    print(json.dumps({name: round(value, 5) for name, value in numbers.items()}))


def use_threads(options: Namespace) -> None:
    """Compute with as many threads as asked for."""
    import torch

    torch.set_num_threads(options.threads)
