"""Hugging Face `datasets` on disk: Arrow and Parquet files, with the names of their labels. Needs pyarrow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spanwright.data.readers.layout import ColumnOptions
from spanwright.data.readers.sentences import lists_of
from spanwright.data.readers.shape import ShapeError
from spanwright.data.readers.shapes import shapes_of
from spanwright.data.readers.texts import Located
from spanwright.errors import Errors, SpanwrightError

_SUFFIXES = (".arrow", ".parquet")


class Dataset:
    """The rows of a dataset, in the order of its files; integers that stand for labels come as their names.

    `lists` names the tokens and tags of a row, where it has them; `others` are files beside those of the dataset.
    """

    def __init__(self, path: Path, options: ColumnOptions) -> None:
        self.path = path
        found = sorted(f for f in path.glob("*") if f.suffix in _SUFFIXES) if path.is_dir() else [path]
        self.files = self._listed() or found
        self.others = sorted(set(found).difference(self.files))
        if not self.files:
            splits = ", ".join(sorted(part.name for part in path.iterdir() if part.is_dir())) or "none"
            raise SpanwrightError(Errors.S124.format(path=path, splits=splits))
        self.schema = self._open(self.files[0])[0]
        self.names = self._label_names()
        self.lists = lists_of(next((row for _, _, row in self.rows()), None), options, str(path))

    def rows(self) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """Yield (file, number of the row from 1, row)."""
        for file in self.files:
            number = 0
            for rows in self._batches(file):
                for row in rows:
                    number += 1
                    yield str(file), number, {name: self._named(name, value) for name, value in row.items()}

    def shapes(self) -> Iterator[Located]:
        """Yield the rows as texts with categories or spans."""
        for file, number, row in self.rows():
            try:
                yield from (Located(file, number, shape) for shape in shapes_of(row))
            except ShapeError as error:
                raise SpanwrightError(Errors.S121.format(file=file, line=number, reason=error)) from error

    def values(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the rows as they are, for questions."""
        for _, number, row in self.rows():
            yield number, row

    def _listed(self) -> list[Path]:
        """The files that `datasets` lists as its own, beside which it may keep caches; empty where it lists none."""
        state = self.path / "state.json"
        try:
            listed = json.loads(state.read_text(encoding="utf-8"))["_data_files"] if state.is_file() else []
            return [self.path / entry["filename"] for entry in listed]
        except (ValueError, KeyError, TypeError) as error:
            raise SpanwrightError(Errors.S120.format(file=state, line=1, reason=error)) from error

    def _batches(self, file: Path) -> Iterator[list[dict[str, Any]]]:
        batches = self._open(file)[1]
        while True:
            try:
                batch = next(batches, None)
                rows = [] if batch is None else batch.to_pylist()
            except (ValueError, OSError) as error:  # what pyarrow raises for broken files
                raise SpanwrightError(Errors.S127.format(file=file, reason=" ".join(str(error).split()))) from error
            if batch is None:
                return
            yield rows

    def _open(self, file: Path) -> tuple[Any, Iterator[Any]]:
        try:
            import pyarrow as pa  # type: ignore[import-untyped]
            import pyarrow.parquet as pq  # type: ignore[import-untyped]
        except ImportError as error:
            raise SpanwrightError(Errors.S126.format(path=self.path)) from error
        try:
            if file.suffix == ".parquet":
                parquet = pq.ParquetFile(file)
                return parquet.schema_arrow, parquet.iter_batches(batch_size=1000)
            try:
                stream = pa.ipc.open_stream(file)
                return stream.schema, iter(stream)
            except pa.ArrowInvalid:
                table = pa.ipc.open_file(pa.memory_map(str(file)))
                return table.schema, (table.get_batch(i) for i in range(table.num_record_batches))
        except (pa.ArrowInvalid, OSError) as error:
            raise SpanwrightError(Errors.S127.format(file=file, reason=error)) from error

    def _label_names(self) -> dict[str, list[str]]:
        """The names behind the integers of each column, from the metadata of the file or the folder."""
        metadata = (self.schema.metadata or {}).get(b"huggingface")
        features = json.loads(metadata).get("info", {}).get("features", {}) if metadata else {}
        info = self.path / "dataset_info.json"
        if not features and info.is_file():
            features = json.loads(info.read_text(encoding="utf-8")).get("features") or {}
        return {column: names for column, feature in features.items() if (names := _names_in(feature))}

    def _named(self, column: str, value: Any) -> Any:
        names = self.names.get(column)
        if names is None:
            return value
        if isinstance(value, list):
            return [self._named(column, item) for item in value]
        if isinstance(value, int) and value < 0:  # how `datasets` writes that there is no label
            return None
        return names[value] if isinstance(value, int) and value < len(names) else value


def _names_in(feature: Any) -> list[str]:
    while isinstance(feature, dict) and "names" not in feature:
        feature = feature.get("feature")
    names = feature.get("names") if isinstance(feature, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []
