"""Annotation files to spaCy corpora, each with a ledger: what `scripts/convert.py` runs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from spanwright.data.checks import Finding, Findings, StrictError
from spanwright.data.copying import copy_corpus, is_corpus
from spanwright.data.corpus import SHARD_TOKENS, CorpusWriter
from spanwright.data.duplicates import Duplicates, Place
from spanwright.data.ledger import Ledger
from spanwright.data.readers.columns import TaggedReader
from spanwright.data.readers.formats import ReadOptions, open_reader
from spanwright.data.splitting import PARTS, Split, plan_split, uneven_shares
from spanwright.data.texts import TextAdder
from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file, replace_folder


@dataclass(frozen=True)
class ConvertSettings:
    """How to convert. `name` replaces the name of the single input in the names of the outputs."""

    read: ReadOptions = field(default_factory=ReadOptions)
    name: str | None = None
    lang: str = "en"
    force: bool = False
    strict: bool = False
    dedupe: bool = False
    alignment: str = "split"
    spaces: str = "detokenise"
    split: tuple[int, ...] | None = None
    by_group: bool = False
    shard_tokens: int = SHARD_TOKENS


@dataclass
class Converted:
    """What became of one input: its corpora, one for each part of a split, and what was found on the way."""

    file: str
    name: str
    docs: dict[Path, int]
    decisions: list[str]
    findings: Findings
    ledger: Ledger
    texts: dict[int, Place]

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON; of the findings the counts and the first of each code."""
        return {
            "file": self.file,
            "outputs": {str(path): count for path, count in self.docs.items()},
            "decisions": self.decisions,
            **self.ledger.to_dict(),
            "findings": self.findings.summary(),
        }


def convert(
    inputs: Sequence[Path], out: Path, settings: ConvertSettings, *, report: Path | None = None
) -> list[Converted]:
    """Convert files into `out`: all of them, or none where one is refused.

    RAISES (SpanwrightError): An input that is refused, or an output that stands already.
    """
    names = _names(inputs, out, settings)
    results: list[Converted] = []
    with _staging(out) as staging, _Report(report) as log:
        for source, name in names.items():
            result = _convert_one(source, name, staging, settings, log)
            _report_overlaps(result, results)
            result.docs = {out / path.name: count for path, count in result.docs.items()}
            ledger = json.dumps(result.to_dict(), indent=2, ensure_ascii=False) + "\n"
            (staging / ledger_name(name)).write_text(ledger, encoding="utf-8", errors="backslashreplace")
            results.append(result)
            log.add(result)
        for product in sorted(staging.iterdir()):
            replace_folder(product, out / product.name)
    return results


def ledger_name(name: str) -> str:
    """The name of the ledger beside a corpus."""
    return f"{name}.ledger.json"


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """Yield a folder inside of `out`, which goes again where it was made for this and nothing came of it."""
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".convert-", dir=out) as staging:
            yield Path(staging)
    finally:
        if made and not any(out.iterdir()):
            out.rmdir()


def _names(inputs: Sequence[Path], out: Path, settings: ConvertSettings) -> dict[Path, str]:
    """The name of each input in the names of its outputs.

    RAISES (SpanwrightError): Two inputs of one name, or an output that stands already.
    """
    names: dict[Path, str] = {}
    for source in inputs:
        name = settings.name or _name_of(source)
        if other := next((one for one, taken in names.items() if taken == name), None):
            raise SpanwrightError(Errors.S114.format(one=other, two=source, path=out / f"{name}.spacy"))
        names[source] = name
        for product in [*_corpora(name, settings).values(), ledger_name(name)]:
            if (out / product).exists() and not settings.force:
                raise SpanwrightError(Errors.S112.format(path=out / product))
    return names


def _name_of(source: Path) -> str:
    if source.name in ("", ".."):
        source = source.resolve()
    bare = source.with_suffix("") if source.suffix.lower() == ".gz" else source
    return bare.name.removesuffix(".spacy") if source.is_dir() else bare.stem


def _corpora(name: str, settings: ConvertSettings) -> dict[str, str]:
    """The name of the corpus for each part; without a split there is one part, named ""."""
    if settings.split is None:
        return {"": f"{name}.spacy"}
    return {part: f"{name}-{part}.spacy" for part in PARTS[: len(settings.split)]}


def _convert_one(file: Path, name: str, staging: Path, settings: ConvertSettings, log: _Report) -> Converted:
    if is_corpus(file):
        return _copy_one(file, name, staging, settings, log)
    findings, ledger = Findings(strict=settings.strict, sink=log.sink), Ledger()
    reader = open_reader(file, findings, ledger, settings.read)
    # tokens with tags need no tokenizer
    plain = isinstance(reader, TaggedReader)
    texts = None if plain else TextAdder(settings.lang, findings, ledger, alignment=settings.alignment)
    split = _plan(file, settings)
    writers = {
        part: CorpusWriter(
            staging / corpus, ledger, texts=texts, shard_tokens=settings.shard_tokens, spacing=settings.spaces
        )
        for part, corpus in _corpora(name, settings).items()
    }
    duplicates = Duplicates(findings, drop=settings.dedupe)
    for checked in reader.records():
        if duplicates.is_surplus(checked.record):
            ledger.drop(checked.record, "duplicate")
        else:
            writers[split.part(checked.record) if split else ""].add(checked)
    for writer in writers.values():
        writer.close()
    if settings.split and (found := uneven_shares([writer.docs for writer in writers.values()], settings.split)):
        findings.add(Finding("uneven-split", str(file), 1, found))
    findings.settle()
    ledger.close(str(file))
    docs = {writer.path: writer.docs for writer in writers.values()}
    return Converted(str(file), name, docs, reader.decisions, findings, ledger, duplicates.texts)


def _copy_one(file: Path, name: str, staging: Path, settings: ConvertSettings, log: _Report) -> Converted:
    if options := _options_that_change(settings):
        raise SpanwrightError(Errors.S135.format(file=file, options=" and ".join(options)))
    target, ledger, findings = staging / f"{name}.spacy", Ledger(), Findings(sink=log.sink)
    texts = copy_corpus(file, target, ledger)
    docs = {target: ledger.records.read}
    return Converted(str(file), name, docs, ["a .spacy corpus: copied as it is"], findings, ledger, texts)


def _options_that_change(settings: ConvertSettings) -> list[str]:
    """The options that were set, and say what is to be in a corpus. Others say how files that are none are read."""
    read, usual = settings.read, ConvertSettings()
    changing = [
        ("--split", settings.split is not None),
        ("--dedupe", settings.dedupe),
        ("--task", read.task is not None),
        ("--label-pattern", read.columns.label_pattern is not None),
        ("--docs", read.columns.docs != usual.read.columns.docs),
        ("--strip-html", read.strip_html),
        (f"--{settings.alignment}", settings.alignment != usual.alignment),
    ]
    return [option for option, is_set in changing if is_set]


def _plan(file: Path, settings: ConvertSettings) -> Split | None:
    """Read the file once more, with nothing reported, to see how it splits."""
    if settings.split is None:
        return None
    reader = open_reader(file, Findings(), Ledger(), settings.read)
    records = (checked.record for checked in reader.records())
    return plan_split(records, settings.split, by_group=settings.by_group)


def _report_overlaps(result: Converted, others: Sequence[Converted]) -> None:
    """Report texts that an earlier input of the same call has too."""
    for other in others:
        for text in sorted(result.texts.keys() & other.texts.keys(), key=result.texts.__getitem__):
            place, before = result.texts[text], other.texts[text]
            found = f"the text of {before.file}:{before.line}"
            result.findings.add(Finding("train-dev-overlap", place.file, place.line, found))


class _Report:
    """Writes findings to a JSON file as they come, so that a million of them cost no memory.

    It stays where `--strict` refuses an input, and goes with any other error.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._results: list[dict[str, Any]] = []
        self._empty = True

    def __enter__(self) -> _Report:
        if self._path is not None:
            self._context = atomic_file(self._path)
            self._file: IO[str] = self._context.__enter__().open("w", encoding="utf-8", errors="backslashreplace")
            self._file.write('{"findings": [')
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if self._path is None:
            return
        tail = {"inputs": self._results, **({"refused": str(error)} if isinstance(error, StrictError) else {})}
        self._file.write("\n],\n" + json.dumps(tail, indent=2, ensure_ascii=False).removeprefix("{\n"))
        self._file.write("\n")
        self._file.close()
        if isinstance(error, StrictError):
            self._context.__exit__(None, None, None)
        else:
            self._context.__exit__(kind, error, trace)

    @property
    def sink(self) -> Callable[[Finding], None] | None:
        """Where findings go; None where nobody asked for a report."""
        return None if self._path is None else self._find

    def _find(self, finding: Finding) -> None:
        self._file.write(("\n" if self._empty else ",\n") + json.dumps(asdict(finding), ensure_ascii=False))
        self._empty = False

    def add(self, result: Converted) -> None:
        """Take in what became of an input."""
        self._results.append(result.to_dict())
