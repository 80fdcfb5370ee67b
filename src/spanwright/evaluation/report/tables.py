"""The numbers of `spanwright.metrics/1` as tables and charts: whatever its parts hold, in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spanwright.evaluation.report import charts
from spanwright.evaluation.report.content import Block, Cell, Chart, Code, Number, Table, count, decimal, percent

Part = Mapping[str, Any]

WORDS = {
    "p": "precision",
    "r": "recall",
    "f": "F1",
    "f1": "F1",
    "tp": "right",
    "fp": "wrongly found",
    "fn": "not found",
    "support": "gold",
    "micro": "all alike (micro)",
    "macro": "mean of labels (macro)",
    "weighted": "weighted mean of labels",
    "seen": "seen in training",
    "unseen": "unseen in training",
    "auc": "AUC",
    "ece": "expected calibration error",
    "boundary+type": "boundary and type",
}
TITLES = {
    "labels": "By label",
    "schemes": "By what counts as right",
    "lengths": "By length in words",
    "kinds": "Kinds of errors, by label",
    "strings": "Most frequent errors",
    "confusion": "Confusion",
    "calibration": "Calibration",
    "per_type": "By type of question",
}
NOTES = {
    "schemes": "Strict: boundaries and label are right. Exact: the boundaries are. Partial: half a point for an overlap. "
    "Type: the label is right and there is an overlap.",
    "kinds": "Boundary: the right label on an overlapping span. Type: the right span with another label. Missed: nothing "
    "was found there. Spurious: found where nothing is annotated; counted under the predicted label.",
    "confusion": "Rows are gold labels, columns predicted ones.",
    "calibration": "Of what was predicted with a confidence, the share that is right: close to the confidence where "
    "confidences can be trusted.",
}
# Floats that are no shares of 1
_NO_SHARES = ("threshold", "temperature", "brier", "loss", "seconds")


def blocks(name: str, part: Part) -> list[Block]:
    """The charts and tables of a part of the metrics.

    Its own numbers stand in one table and its scores ({p, r, f, ...}) in another; a list of records, and a mapping of names to
    numbers, is a table of its own, with a chart where there is an F1. `name` begins the names of the charts.
    """
    scalars = [(words(key), number(key, value, part)) for key, value in part.items() if _is_number(value)]
    scores = {key: value for key, value in part.items() if _is_score(value)}
    found: list[Block] = []
    if scores:
        found.append(grid("Scores", [(words(key), score) for key, score in scores.items()]))
    if scalars:
        found.append(Table("Numbers", ["", ""], scalars))
    for key, value in part.items():
        if key not in (*scores, "intervals") and value and isinstance(value, Mapping | list):
            found.extend(_nested(f"{name}-{key}", key, value))
    return sorted(found, key=lambda block: not isinstance(block, Chart))


def grid(caption: str, rows: Sequence[tuple[Cell, Part]], note: str = "") -> Table:
    """A row for each name and a column for each number in any of the mappings; of scores within them, their F1."""
    flat = [(name, dict(_flat(row))) for name, row in rows]
    known = {column for _, row in flat for column, number in row.items() if number.value is not None}
    # a threshold that no label has is none that could not be computed
    columns = [
        column
        for column in dict.fromkeys(column for _, row in flat for column in row)
        if column in known or not column.endswith(_NO_SHARES)
    ]
    absent = Number(None, "")
    return Table(
        caption, ["", *columns], [[name, *(row.get(column, absent) for column in columns)] for name, row in flat], note
    )


def number(key: str, value: float | int | None, owner: Part) -> Number:
    """A number of the metrics as its key asks: a share in percent with the interval that `owner` has for it, or plain."""
    if isinstance(value, int):
        return count(value)
    if key.endswith(_NO_SHARES) or (value is not None and not 0 <= value <= 1):
        return decimal(value)
    return percent(value, (owner.get("intervals") or {}).get(key))


def words(key: str) -> str:
    """A key of the metrics as a reader would say it."""
    return WORDS.get(key, key.replace("_", " "))


def f1_of(score: Part) -> charts.Bar | None:
    """The F1 of a score as a nameless bar; None for what has none."""
    key = next((key for key in ("f", "f1") if key in score), None)
    return charts.Bar("", score[key], (score.get("intervals") or {}).get(key)) if key else None


def _nested(name: str, key: str, value: Any) -> Iterator[Block]:
    title, note = TITLES.get(key, words(key).capitalize()), NOTES.get(key, "")
    if key == "confusion":
        yield from _confusion(name, title, value, note)
    elif key == "calibration":
        yield from _calibration(name, title, value, note)
    elif isinstance(value, list):
        yield records_table(title, value, note)
    else:
        yield from _chart(name, title, key, value)
        yield grid(title, [(Code(of), row) for of, row in value.items()], note)


def records_table(title: str, records: list[Part], note: str = "") -> Table:
    """A row for each record, with the columns of the first; strings are shown as they are, None as nothing."""
    keys = [key for key in records[0] if not isinstance(records[0][key], Mapping | list)]
    rows: list[list[Cell]] = [[_cell(key, record.get(key), record) for key in keys] for record in records]
    return Table(title, [words(key) for key in keys], rows, note)


def _chart(name: str, title: str, key: str, rows: Mapping[str, Part]) -> Iterator[Block]:
    found = [(label, f1_of(row)) for label, row in rows.items()]
    drawn = [charts.Bar(label, bar.value, bar.interval) for label, bar in found if bar]
    if drawn and any(bar.value is not None for bar in drawn):
        if key == "lengths":
            yield charts.points(name, f"F1 {title.lower()}", "words", drawn)
        else:
            yield charts.bars(name, f"F1 {title.lower()}", drawn)


def _confusion(name: str, title: str, value: Part, note: str) -> Iterator[Block]:
    labels, counts = list(value["labels"]), value["counts"]
    beside = len(counts) > len(labels)
    rows = [*labels, "(spurious)"] if beside else labels
    columns = [*labels, "(missed)"] if beside else labels
    yield charts.matrix(name, title, rows, columns, counts)
    body: list[list[Cell]] = [[Code(row), *map(count, line)] for row, line in zip(rows, counts, strict=True)]
    yield Table(title, ["gold, predicted", *columns], body, note)


def _calibration(name: str, title: str, value: Part, note: str) -> Iterator[Block]:
    yield charts.calibration(name, title, value["bins"])
    scalars = [(words(key), number(key, of, value)) for key, of in value.items() if _is_number(of)]
    if scalars:
        yield Table(title, ["", ""], scalars, note)
    yield records_table(f"{title}: bins", value["bins"])


def _flat(row: Part) -> Iterator[tuple[str, Number]]:
    for key, value in row.items():
        if _is_number(value):
            yield words(key), number(key, value, row)
        elif isinstance(value, Mapping) and key != "intervals":
            for name, score in value.items():
                bar = f1_of(score) if isinstance(score, Mapping) else None
                if bar:
                    yield f"F1, {words(name)}", percent(bar.value, bar.interval)


def _cell(key: str, value: Any, owner: Part) -> Cell:
    if isinstance(value, str):
        return Code(value)
    return "" if value is None else number(key, value, owner)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _is_score(value: Any) -> bool:
    # labels may be called p, r and f
    return isinstance(value, Mapping) and all(key in value and _is_number(value[key]) for key in "prf")
