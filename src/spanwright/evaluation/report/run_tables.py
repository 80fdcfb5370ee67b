"""How a run came about and what it needs: data, training, speed, environment, as tables and charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spanwright.evaluation.report import charts
from spanwright.evaluation.report.content import Block, Cell, Code, Number, Prose, Table, count, decimal, percent

Part = Mapping[str, Any]


def statistics_blocks(statistics: Part) -> Iterator[Block]:
    """Tables of `spanwright.statistics/1`: what the training corpus holds, what the other one, and what of it is new."""
    for name, part in (("Training data", statistics["train"]), ("Development data", statistics["dev"])):
        if part is not None:
            yield from _corpus_blocks(name, part)
    unseen = (statistics["dev"] or {}).get("unseen")
    if unseen:
        yield Table(
            "Development entities that training does not have",
            ["", "strings", "unseen strings", "%", "entities", "unseen entities", "%"],
            [[Code(label), *_unseen(of)] for label, of in unseen.items()],
            "Unseen: no entity of the training data has the same text and label.",
        )


def _corpus_blocks(name: str, part: Part) -> Iterator[Block]:
    yield Prose(f"{name}: {part['documents']:,} documents, {part['tokens']:,} words, from {part['path']}.")
    if part["entities"]:
        yield Table(
            f"{name}: entities",
            ["", "entities", "documents", "strings", "shortest", "median words", "95th percentile", "longest"],
            [
                [Code(label), *map(count, (of["count"], of["documents"], of["strings"], *of["tokens"].values()))]
                for label, of in part["entities"].items()
            ],
        )
    if part["categories"]:
        rows: list[list[Cell]] = [[Code(label), *map(count, of.values())] for label, of in part["categories"].items()]
        yield Table(f"{name}: categories", ["", *next(iter(part["categories"].values()))], rows)
    if any(part["questions"].values()):
        yield Table(f"{name}: questions", ["", ""], [[key, count(value)] for key, value in part["questions"].items()])
    ambiguous = part["ambiguity"]["unannotated"]
    if ambiguous["examples"]:
        yield Table(
            f"{name}: entities in some places and not in others",
            ["text", "annotated", "not annotated"],
            [[Code(one["text"]), count(one["annotated"]), count(one["unannotated"])] for one in ambiguous["examples"]],
            f"The most frequent of {ambiguous['strings']:,} such strings: annotations that contradict each other, "
            "or words with two meanings.",
        )


def ledger_table(ledger: Part) -> Table:
    """What became of all that was read from an annotated file."""
    accounts = {"records": ledger["records"], **ledger["annotations"]}
    rows: list[list[Cell]] = [
        [
            name if name == "records" else Code(name),
            *(count(account[key]) for key in ("read", "written", "repaired")),
            count(sum(account["dropped"].values())),
            "; ".join(f"{number:,} {reason}" for reason, number in account["dropped"].items()),
        ]
        for name, account in accounts.items()
    ]
    header = ["", "read", "written", "repaired", "dropped", "why"]
    return Table(f"Conversion of {ledger['file']}", header, rows, " ".join(f"{said}." for said in ledger["decisions"]))


def training_blocks(log: Sequence[Part]) -> Iterator[Block]:
    """Curves of a training log's losses, scores and learning rate, by step."""
    losses = {name: _series(log, "losses", name) for name in _names(log, "losses")}
    scores = {name: _series(log, "scores", name) for name in _names(log, "scores")}
    rates = [(record["step"], record["learn_rate"]) for record in log if record.get("learn_rate") is not None]
    if any(losses.values()):
        yield charts.curves("training-loss", "Loss in training", "loss", _drawable(losses))
    if any(scores.values()):
        in_percent = {name: [(step, 100 * score) for step, score in line] for name, line in scores.items()}
        yield charts.curves("training-score", "Scores in training", "%", _drawable(in_percent))
    if rates:
        yield charts.curves("training-rate", "Learning rate", "learning rate", {"learning rate": rates})
    scored = [record for record in log if record.get("score") is not None]
    # of equal scores spaCy keeps the last
    best = max(scored, key=lambda record: (record["score"], record["step"]), default=None)
    if best:
        rows: list[list[Cell]] = [
            ["best score", percent(best["score"])],
            ["at step", count(best["step"])],
            ["steps", count(log[-1]["step"])],
            ["seconds", decimal(log[-1]["seconds"], 1)],
        ]
        yield Table("Training", ["", ""], rows)


def speed_blocks(metrics: Part, speed: Part | None) -> Iterator[Block]:
    """How fast the pipeline was when it was evaluated, and where scripts/speed.py measured it, in detail."""
    yield Table("While it was evaluated", ["", ""], [["words per second", decimal(metrics["words_per_second"], 1)]])
    if speed is None:
        yield Prose("Latency, the best batch size and memory were not measured: scripts/speed.py does that.")
        return
    rows: list[list[Cell]] = [
        ["seconds to load", decimal(speed["load_seconds"], 2)],
        ["best batch size", count(speed["best_batch_size"])],
    ]
    rows += [[f"peak memory, {where}, MB", _megabytes(of)] for where, of in speed["peak_memory"].items()]
    yield Table(f"On {speed['device']}, {speed['threads']} threads", ["", ""], rows)
    percentiles = list(speed["batch_sizes"][0]["latency_seconds"])
    yield Table(
        "By batch size",
        ["batch size", "words/s", "documents/s", *(f"latency {name}, ms" for name in percentiles)],
        [
            [
                count(of["batch_size"]),
                decimal(of["words_per_second"], 1),
                decimal(of["documents_per_second"], 2),
                *(
                    Number(of["latency_seconds"][name], f"{1000 * of['latency_seconds'][name]:,.1f}")
                    for name in percentiles
                ),
            ]
            for of in speed["batch_sizes"]
        ],
        "Latency: the time from handing over a batch to having all of it.",
    )


def key_values(caption: str, values: Part) -> Table:
    """A row for each name of what is a string."""
    return Table(caption, ["", ""], [[name, Code(str(value))] for name, value in values.items()])


def _unseen(of: Part) -> list[Number]:
    return [
        count(of["strings"]),
        count(of["unseen_strings"]),
        percent(of["unseen_strings_share"]),
        count(of["entities"]),
        count(of["unseen_entities"]),
        percent(of["unseen_entities_share"]),
    ]


def _names(log: Sequence[Part], key: str) -> list[str]:
    return list(dict.fromkeys(name for record in log for name in record.get(key) or {}))


def _series(log: Sequence[Part], key: str, name: str) -> list[tuple[float, float]]:
    values = ((record["step"], (record.get(key) or {}).get(name)) for record in log)
    return [(step, value) for step, value in values if value is not None]


def _drawable(series: Mapping[str, list[tuple[float, float]]]) -> dict[str, list[tuple[float, float]]]:
    return {name: line for name, line in series.items() if line}


def _megabytes(size: int | None) -> Number:
    return Number(size, "none" if size is None else f"{size / 1e6:,.0f}")
