"""Score a pipeline on a corpus."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import spacy
from spacy.language import Language
from spacy.training import Corpus, Example

from spanwright.data.exporting.docs import question_of, read_docs
from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.categories import category_tasks
from spanwright.evaluation.entity_tally import EntityTally
from spanwright.evaluation.error_analysis import Case, error_record
from spanwright.evaluation.measures import Tally, add_intervals
from spanwright.evaluation.schema import METRICS, undefined
from spanwright.evaluation.significance import LEVEL, RESAMPLES
from spanwright.evaluation.spacy_scores import SpacyScores
from spanwright.evaluation.text_tallies import AnswerTally, CategoryTally
from spanwright.files import atomic_file
from spanwright.qa.corpus import EXTENSIONS

BATCH_WORDS = 20_000  # how many words are predicted at once
TASKS = {"entities": "entities", "categories": "categories", "answers": "answers to questions"}


def evaluate_pipeline(
    pipeline: Path,
    data: Path,
    *,
    train: Path | None = None,
    errors: Path | None = None,
    suspects: Path | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the metrics of docs/metrics.md. The corpus is read as a stream, so that its size does not matter.

    train: the corpus that the pipeline was trained on, to tell seen from unseen entities.
    errors, suspects: JSONL files to write, of documents with errors and of documents with suspected annotations.
    resamples: how many samples intervals are made from, drawn with `seed`.

    Raises SpanwrightError where a path does not exist, `data` holds no documents, or none that the pipeline can be scored on.
    """
    nlp = load_pipeline(pipeline)
    evaluation = Evaluation(nlp, annotated_entities(train) if train else None)
    clock = Clock()
    wanted = [(path, only_suspects) for path, only_suspects in ((errors, False), (suspects, True)) if path]
    with ExitStack() as stack:
        files = [(_opened(path, stack), only_suspects) for path, only_suspects in wanted]
        for number, example in enumerate(predicted_examples(nlp, data, clock), start=1):
            cases = evaluation.add(example)
            for file, only_suspects in files:
                if record := error_record(number, example.reference, cases, only_suspects=only_suspects):
                    file.write(f"{json.dumps(record, ensure_ascii=False)}\n")
        sections = evaluation.sections(data, resamples=resamples, seed=seed)
    return {
        "schema": METRICS,
        **describe(nlp),
        "data": str(data),
        "train": str(train) if train else None,
        "documents": evaluation.documents,
        "words": evaluation.words,
        "words_per_second": round(evaluation.words / clock.seconds, 1) if clock.seconds else None,
        "intervals": {"level": LEVEL, "resamples": resamples, "seed": seed},
        "scores": evaluation.spacy_scores(),
        **sections,
    }


class Clock:
    """Adds up the seconds spent inside its `with` blocks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        self.seconds += time.perf_counter() - self._start


class Evaluation:
    """What a pipeline did with a corpus, gathered document by document.

    in_training: text and label of the entities that the pipeline was trained on; None = not known.
    """

    def __init__(self, nlp: Language, in_training: AbstractSet[tuple[str, str]] | None = None) -> None:
        self.documents = self.words = 0
        self._nlp = nlp
        self._spacy = SpacyScores(nlp)
        self.entities = EntityTally(in_training)
        tasks = category_tasks(nlp)
        labels = {label for task in tasks for label in task.labels}
        self.categories = {task.name: CategoryTally(task, labels) for task in tasks}
        self.answers = AnswerTally()
        self._finds_entities = any("doc.ents" in nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names)
        self.answers_questions = any(nlp.get_pipe_meta(name).factory == "extractive_qa" for name in nlp.pipe_names)

    def add(self, example: Example) -> list[Case]:
        """Count a document, and return what became of its entities."""
        self.documents += 1
        self.words += len(example.reference)
        self._spacy.add(example)
        for tally in self.categories.values():
            tally.add(example)
        if self.answers_questions:
            self.answers.add(example)
        return self.entities.add(example) if self._finds_entities else []

    def tallies(self, data: Path) -> dict[tuple[str, ...], Tally]:
        """Return what can be scored, under its path in docs/metrics.md.

        Raises SpanwrightError where that is nothing.
        """
        found: dict[tuple[str, ...], Tally] = {
            ("entities",): self.entities,
            **{("categories", name): tally for name, tally in self.categories.items()},
            ("answers",): self.answers,
        }
        scored = {path: tally for path, tally in found.items() if tally.documents}
        if not self.documents:
            raise SpanwrightError(Errors.S601.format(path=data))
        if not scored:
            reasons = "; ".join(self._reasons(data, TASKS).values())
            raise SpanwrightError(Errors.S602.format(path=data, reasons=reasons))
        return scored

    def sections(self, data: Path, *, resamples: int, seed: int) -> dict[str, Any]:
        """Return `entities`, `categories`, `answers` and `reasons` of docs/metrics.md.

        Raises SpanwrightError where there is nothing to score.
        """
        found: dict[str, Any] = dict.fromkeys(TASKS)
        for (task, *component), tally in self.tallies(data).items():
            section = tally.section()
            amounts, measures = tally.amounts(tally.labels), tally.measures(tally.labels)
            add_intervals(section, measures, amounts, resamples=resamples, seed=seed)
            found[task] = {**(found[task] or {}), component[0]: section} if component else section
        reasons = self._reasons(data, [task for task in TASKS if found[task] is None])
        if found["categories"]:
            unscored = [name for name, tally in self.categories.items() if not tally.documents]
            reasons |= {
                f"categories.{name}": f"{data} has no annotated categories of this component" for name in unscored
            }
        for task in TASKS:
            reasons.update(undefined(found[task] or {}, task))
        return {**found, "reasons": reasons}

    def spacy_scores(self) -> dict[str, Any]:
        """Return the scores that `spacy evaluate` gives, under its keys."""
        return self._spacy.scores(self.entities.totals())

    def _reasons(self, data: Path, tasks: Iterable[str]) -> dict[str, str]:
        """Why `tasks` are not scored."""
        has_component = {
            "entities": self._finds_entities,
            "categories": bool(self.categories),
            "answers": self.answers_questions,
        }
        components = ", ".join(self._nlp.pipe_names) or "none"
        return {
            task: f"{data} has no annotated {TASKS[task]}"
            if has_component[task]
            else f"the pipeline finds no {TASKS[task]} (its components: {components})"
            for task in tasks
        }


def use_gpu(gpu_id: int) -> None:
    """Load pipelines onto this GPU from now on; -1 = CPU. Raises SpanwrightError where there is no such GPU."""
    if gpu_id >= 0:
        try:
            spacy.require_gpu(gpu_id)
        except ValueError as error:
            raise SpanwrightError(Errors.S086.format(gpu_id=gpu_id, reason=error)) from error


def load_pipeline(path: Path) -> Language:
    """Load the pipeline in a folder. Raises SpanwrightError where there is none."""
    if not path.exists():
        raise SpanwrightError(Errors.S001.format(path=path))
    try:
        return spacy.load(path)
    except (OSError, ValueError) as error:
        raise SpanwrightError(Errors.S603.format(path=path, reason=str(error).strip())) from error


def describe(nlp: Language) -> dict[str, str]:
    """Return the name and the version of a pipeline."""
    return {"pipeline": f"{nlp.meta['lang']}_{nlp.meta['name']}", "version": nlp.meta["version"]}


def annotated_entities(corpus: Path) -> set[tuple[str, str]]:
    """Return the text and label of every entity of a corpus. Raises SpanwrightError where it cannot be read."""
    return {(ent.text, ent.label_) for doc in read_docs(corpus) for ent in doc.ents}


def predicted_examples(nlp: Language, data: Path, clock: Clock | None = None) -> Iterator[Example]:
    """Yield an Example for each Doc with words of a corpus, predicted by the pipeline, a shard at a time.

    clock: measures prediction. Raises SpanwrightError where the corpus cannot be read.
    """
    clock = clock or Clock()
    examples = Corpus(data).make_examples(nlp, read_docs(data, nlp.vocab))
    for batch in _batches(map(_asked, examples)):
        with clock:
            docs = list(nlp.pipe(example.predicted for example in batch))
        for example, doc in zip(batch, docs, strict=True):
            example.predicted = doc
            yield example


def label_rows(section: Mapping[str, Any]) -> list[tuple[str, str, str, str, int]]:
    """Return a row for each label of a section, and for all: label, precision, recall, F1 (per cent) and support."""
    micro = section["micro"]
    scores = {**section["labels"], "all": {**micro, "support": micro["tp"] + micro["fn"]}}
    return [(name, *(percent(of[measure]) for measure in "prf"), of["support"]) for name, of in scores.items()]


def percent(value: float | None, interval: Sequence[float] | None = None) -> str:
    """Return a share in per cent with one decimal, and its interval; "-" where there is none."""
    if value is None:
        return "-"
    return f"{100 * value:.1f}" + (f" ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})" if interval else "")


def _asked(example: Example) -> Example:
    """Put the question of the gold Doc to the predicted one."""
    for name in EXTENSIONS:
        if (value := question_of(example.reference, name)) is not None:
            example.predicted._.set(name, value)
    return example


def _batches(examples: Iterable[Example]) -> Iterator[list[Example]]:
    batch: list[Example] = []
    words = 0
    for example in examples:
        batch.append(example)
        words += len(example.predicted)
        if words >= BATCH_WORDS:
            yield batch
            batch, words = [], 0
    if batch:
        yield batch


def _opened(path: Path, stack: ExitStack) -> IO[str]:
    """A file that appears at `path` when the stack closes well."""
    return stack.enter_context(stack.enter_context(atomic_file(path)).open("w", encoding="utf-8"))
