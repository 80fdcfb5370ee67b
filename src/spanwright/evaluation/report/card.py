"""The README.md of a pipeline: a model card as hubs read it, from its meta.json, its metrics and its data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from spanwright.evaluation.report.collect import Data
from spanwright.evaluation.report.content import Code, Prose, Table
from spanwright.evaluation.report.markdown import code, escaped, table
from spanwright.evaluation.report.run_tables import ledger_table, statistics_blocks
from spanwright.evaluation.report.sections import Task, headline, interval_note, reasons_table, tasks
from spanwright.evaluation.report.tables import blocks

Part = Mapping[str, Any]

FEW = 30  # gold examples of a label; a score on fewer says little
_TABLES = ("Scores", "Numbers", "By label", "By type of question")
_HUB_TASKS = {"entities": "token-classification", "categories": "text-classification", "answers": "question-answering"}
_HUB_METRICS = {"precision": "precision", "recall": "recall", "accuracy": "accuracy", "exact match": "exact_match"}


def card(meta: Part, metrics: Part, data: Data) -> str:
    """The model card of the pipeline that `meta` (its meta.json) describes, as Markdown under YAML.

    metrics: `spanwright.metrics/1`, which all numbers come from.
    """
    name = f"{meta['lang']}_{meta['name']}"
    paragraphs = [
        f"# {escaped(name)}",
        *([escaped(meta["description"])] if meta.get("description") else []),
        table(_features(meta, name)),
        f'```python\nimport spacy\n\nnlp = spacy.load("{name}")\n```',
        "## Labels",
        "\n".join(
            f"- {code(pipe)}: {', '.join(map(code, labels))}" for pipe, labels in meta["labels"].items() if labels
        ),
        "## Scores",
        *_scores(metrics),
        "## Training data",
        *_data(data),
        "## Limits",
        "\n".join(f"- {escaped(limit)}" for limit in _limits(meta, metrics, data.statistics)),
        "## How to cite",
        _citation(meta, name),
    ]
    return f"---\n{_front_matter(meta, name, metrics)}\n---\n\n" + "\n\n".join(paragraphs) + "\n"


def _front_matter(meta: Part, name: str, metrics: Part) -> str:
    found = tasks(metrics)
    kinds = list(dict.fromkeys(_HUB_TASKS[task.kind] for task in found))
    data = ModelCardData(
        language="multilingual" if meta["lang"] == "xx" else meta["lang"],
        license=(meta.get("license") or "unknown").lower(),
        library_name="spacy",
        tags=["spacy", "spanwright", *kinds],
        pipeline_tag=kinds[0],
        model_name=name,
        eval_results=[result for task in found for result in _results(task, metrics)],
    )
    return data.to_yaml()


def _results(task: Task, metrics: Part) -> Iterator[EvalResult]:
    for name, number in headline(task):
        if number.value is not None:
            yield EvalResult(
                task_type=_HUB_TASKS[task.kind],
                task_name=task.title,
                dataset_type="custom",
                dataset_name=Path(metrics["data"]).name,
                metric_type=_HUB_METRICS.get(name, "f1"),
                metric_name=name,
                metric_value=number.value,
            )


def _features(meta: Part, name: str) -> Table:
    features = {
        "name": name,
        "version": meta["version"],
        "language": meta["lang"],
        "spaCy": meta["spacy_version"],
        "pipeline": ", ".join(meta["pipeline"]),
        "licence": meta.get("license") or "not stated",
        "author": meta.get("author") or "not stated",
    }
    return Table("", ["", ""], [[key, Code(value)] for key, value in features.items()])


def _scores(metrics: Part) -> Iterator[str]:
    yield escaped(
        f"On {metrics['data']}: {metrics['documents']:,} documents, {metrics['words']:,} words. Scores are in percent, in "
        f"brackets their {interval_note(metrics)}."
    )
    for task in tasks(metrics):
        yield f"### {escaped(task.title)}"
        for block in blocks(task.name, task.part):
            if isinstance(block, Table) and block.caption in _TABLES:
                yield f"**{block.caption}**"
                yield table(block)
    missing = reasons_table(metrics)
    if missing:
        yield f"### {missing.caption}"
        yield table(missing)


def _data(data: Data) -> Iterator[str]:
    if data.statistics is None:
        yield "The data were not there when this card was written."
        return
    for block in [*statistics_blocks(data.statistics), *map(ledger_table, data.ledgers)]:
        if isinstance(block, Prose):
            yield escaped(block.text)
        elif isinstance(block, Table):
            yield f"### {escaped(block.caption)}"
            yield table(block)


def _limits(meta: Part, metrics: Part, statistics: Part | None) -> Iterator[str]:
    yield f"Scores hold for texts like those of {metrics['data']}; nobody measured others."
    for task in tasks(metrics):
        labels = task.part.get("labels") or {}
        rare = [label for label, of in labels.items() if of["support"] < FEW]
        if rare:
            yield f"{task.title}: scores of labels with fewer than {FEW} gold examples say little: {', '.join(rare)}."
    unseen = ((statistics or {}).get("dev") or {}).get("unseen") or {}
    total = sum(of["entities"] for of in unseen.values())
    if total:
        new = sum(of["unseen_entities"] for of in unseen.values())
        yield f"{new:,} of the {total:,} entities it was measured on are not in the training data under the same label."
    if not meta.get("license"):
        yield "No licence is stated: ask its author before you use it."


def _citation(meta: Part, name: str) -> str:
    author = meta.get("author") or "Unknown author"
    fields = {"title": name, "author": author, "version": meta["version"], "url": meta.get("url")}
    lines = [f"  {key} = {{{_plain(value)}}}," for key, value in fields.items() if value]
    body = "\n".join([f"@software{{{name},", *lines, "  note = {A spaCy pipeline made with Spanwright},", "}"])
    return f"```bibtex\n{body}\n```"


def _plain(text: str) -> str:
    """`text` on one line, without what would end a field or a block of code."""
    return " ".join(text.replace("`", "'").replace("{", "(").replace("}", ")").split())
