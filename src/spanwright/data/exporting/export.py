"""Docs to a file in one of the formats that people and tools read: what `scripts/export.py` runs."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import IO, Any

from spacy.tokens import Doc

from spanwright.data.exporting.docs import question_of, read_docs, tasks_of
from spanwright.data.exporting.records import (
    csv_row,
    doccano_record,
    iob_rows,
    label_studio_record,
    prodigy_record,
    spacy_record,
    squad_question,
)
from spanwright.data.texts import ANSWERS
from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file

# The tasks whose annotations each format can hold
FORMATS = {
    "iob": ("ner",),
    "doccano": ("ner", "textcat"),
    "prodigy": ("ner", "textcat"),
    "label-studio": ("ner", "textcat"),
    "spacy-jsonl": ("ner", "textcat"),
    "csv-cats": ("textcat",),
    "squad": ("qa",),
}
# These say which categories hold; that the others do not is understood. Prodigy's options name those others too
_LISTS = ("doccano", "label-studio", "csv-cats", "prodigy")
_KINDS = {"ner": "entities", "textcat": "categories", "qa": "questions"}


@dataclass
class Exported:
    """What an export wrote, and in `left_out` what it did not, by reason."""

    task: str = ""
    docs: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def export(corpus: Path, out: Path, format: str, *, task: str | None = None, force: bool = False) -> Exported:
    """Write the annotations of a corpus for one task; without `task`, the first that the corpus has and the format holds.

    RAISES (SpanwrightError): A corpus without such annotations, an output that stands already, and anything that the
        format cannot hold and that would change what the annotations say.
    """
    if out.exists() and not force:
        raise SpanwrightError(Errors.S150.format(path=out))
    docs = read_docs(corpus)
    seen: list[Doc] = []
    allowed = (task,) if task else FORMATS[format]
    for doc in docs:
        seen.append(doc)
        chosen = next((one for one in allowed if one in tasks_of(doc)), None)
        if chosen:
            with atomic_file(out) as partial_out:
                return write_docs(chain(seen, docs), partial_out, format, chosen, suffix=out.suffix)
    raise SpanwrightError(Errors.S151.format(path=corpus, tasks=" or ".join(allowed), format=format))


def write_docs(
    docs: Iterable[Doc], path: Path, format: str, task: str, *, reviewed: bool = True, suffix: str = ".jsonl"
) -> Exported:
    """Write the annotations of Docs for a task.

    reviewed (bool): Whether a person has settled the annotations; tools are told where they differ in that.
    suffix (str): With `.json`, Label Studio's tasks become one list.
    """
    result = Exported(task)
    sets: Counter[frozenset[str]] = Counter()
    wanted = _wanted(docs, result, format, sets)
    with path.open("w", encoding="utf-8", newline="") as file:
        if format == "iob":
            file.writelines(_iob(doc, place) for doc, place in wanted)
        elif format == "squad":
            _write_list(file, _articles(doc for doc, _ in wanted), '{"version": "v2.0", "data": [', "]}")
        elif format == "csv-cats":
            _write_csv(file, wanted)
        else:
            record = _record_function(format, task, reviewed=reviewed)
            records = (record(doc, place) for doc, place in wanted)
            if format == "label-studio" and suffix == ".json":
                _write_list(file, records, "[", "]")
            else:
                file.writelines(_json(one) + "\n" for one in records)
    if task == "textcat" and format in _LISTS:
        result.left_out.update(_unsaid(sets, result.labels, format))
    return result


def _wanted(
    docs: Iterable[Doc], result: Exported, format: str, sets: Counter[frozenset[str]]
) -> Iterator[tuple[Doc, str]]:
    """Yield the Docs to write, each with its place; count what is written, what is left out, and sets of categories."""
    for number, doc in enumerate(docs, start=1):
        tasks = tasks_of(doc)
        if not doc.text.strip():
            result.left_out["documents without text"] += 1
            continue
        if result.task != "ner" and result.task not in tasks:
            result.left_out[f"documents without {_KINDS[result.task]}"] += 1
            continue
        result.docs += 1
        result.labels.update(_labels(doc, result.task))
        result.left_out.update(_losses(doc, tasks, result.task, format))
        sets[frozenset(doc.cats)] += 1
        yield doc, f"document {number}"


def _labels(doc: Doc, task: str) -> list[str]:
    if task == "ner":
        return [entity.label_ for entity in doc.ents]
    if task == "textcat":
        return [label for label, score in doc.cats.items() if score]
    return [ANSWERS] * len(doc.spans.get(ANSWERS, []))


def _losses(doc: Doc, tasks: set[str], task: str, format: str) -> Counter[str]:
    """Count what the Doc has and the file will not."""
    lost: Counter[str] = Counter()
    for other in sorted(tasks - {task}):
        lost[f"documents' {_KINDS[other]}: export them by themselves, with --task or another --format"] += 1
    for key in doc.spans:
        if not (task == "qa" and key == ANSWERS):
            lost[f"spans under doc.spans[{key!r}]"] += len(doc.spans[key])
    if task == "ner":
        lost["tokens whose entities are not annotated: written as outside of entities"] += sum(
            not token.ent_iob_ for token in doc
        )
        lost["links of entities (kb_id, id)"] += sum(bool(entity.kb_id or entity.id) for entity in doc.ents)
    if format == "iob":
        lost["tokens of white space"] += sum(not token.text.strip() for token in doc)
        lost["entities of white space"] += sum(not entity.text.strip() for entity in doc.ents)
        lost["starts of sentences: one Doc is one block of rows"] += sum(t.is_sent_start is True for t in doc[1:])
    elif task == "ner":
        lost["white space at the edges of entities: written, and trimmed in reading back"] += sum(
            entity.text != entity.text.strip() for entity in doc.ents
        )
    return +lost


def _record_function(format: str, task: str, *, reviewed: bool) -> Callable[[Doc, str], dict[str, Any]]:
    if format == "doccano":
        return lambda doc, place: doccano_record(doc, task, place)
    if format == "spacy-jsonl":
        return lambda doc, place: spacy_record(doc, task)
    record = prodigy_record if format == "prodigy" else label_studio_record
    return lambda doc, place: record(doc, task, place, reviewed=reviewed)


def _iob(doc: Doc, place: str) -> str:
    return "".join(row + "\n" for row in iob_rows(doc, place)) + "\n"


def _write_csv(file: IO[str], wanted: Iterable[tuple[Doc, str]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("text", "label"))
    writer.writerows(csv_row(doc, place) for doc, place in wanted)


def _unsaid(sets: Counter[frozenset[str]], held: Collection[str], format: str) -> Counter[str]:
    """Count what reading back will not give: a reader takes it that all texts have the categories that the file names."""
    lost: Counter[str] = Counter()
    used = frozenset[str]().union(*sets)
    named = used if format == "prodigy" else used.intersection(held)
    if unused := used - named:
        lost[f"categories that hold nowhere ({', '.join(sorted(unused))})"] = len(unused)
    lost["gaps, where a text has no score for a category: will be read as not holding"] = sum(
        count * len(named - one) for one, count in sets.items()
    )
    return +lost


def _articles(docs: Iterable[Doc]) -> Iterator[dict[str, Any]]:
    """Yield the articles of SQuAD: neighbours of one title, and in them the questions about one context."""
    for title, group in groupby(docs, partial(question_of, name="group")):
        contexts: dict[str, list[dict[str, Any]]] = {}
        for doc in group:
            contexts.setdefault(doc.text, []).append(squad_question(doc))
        paragraphs = [{"context": context, "qas": questions} for context, questions in contexts.items()]
        yield {"title": title or "", "paragraphs": paragraphs}


def _write_list(file: IO[str], items: Iterable[dict[str, Any]], opening: str, closing: str) -> None:
    file.write(opening)
    for number, item in enumerate(items):
        file.write(("," if number else "") + "\n" + _json(item))
    file.write(f"\n{closing}\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
