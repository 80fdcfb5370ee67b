"""Corpora on disk: one `.spacy` file, or a folder of shards of that name, as `spacy.Corpus` reads both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from spanwright.data.docbin import DocBinBuilder
from spanwright.data.ledger import Ledger
from spanwright.data.records import Checked, SpanRecord, TaggedRecord, labels_of
from spanwright.data.texts import TextAdder

SHARD_TOKENS = 500_000


class CorpusWriter:
    """Writes documents to `path`, in shards of at most about `shard_tokens` tokens, and accounts for them.

    A corpus of one shard is a file, one of several a folder with `000.spacy`, `001.spacy` and so on.
    """

    def __init__(
        self,
        path: Path,
        ledger: Ledger,
        *,
        texts: TextAdder | None = None,
        shard_tokens: int = SHARD_TOKENS,
        spacing: str = "detokenise",
    ) -> None:
        self.path = path
        self.docs = 0
        self._ledger = ledger
        self._texts = texts
        self._shard_tokens = shard_tokens
        self._spacing = spacing
        self._builder = DocBinBuilder(spacing=spacing)
        self._shards = 0
        self._written: Counter[str] = Counter()
        self._changed: Counter[str] = Counter()

    def add(self, checked: Checked) -> None:
        """Write a record."""
        record, builder = checked.record, self._room()
        if isinstance(record, TaggedRecord):
            builder.add(record.tokens, spaces=record.spaces, tags=record.tags, sentence_starts=record.sentence_starts)
        else:
            assert self._texts is not None
            checked = self._texts.add(checked, builder)
            self._written.update(list(record.cats) if isinstance(record, SpanRecord) else labels_of(record))
        self.docs += 1
        if checked.changed:
            self._ledger.records.repaired += 1
            self._changed.update(checked.changed_labels)
        else:
            self._ledger.records.written += 1

    def close(self) -> None:
        """Write what is left, and account for the annotations."""
        if not self._shards:
            self._write(self.path)
        elif len(self._builder):
            self._flush()
        for label, count in self._written.items():
            self._ledger.label(label).written += count - self._changed[label]
            self._ledger.label(label).repaired += self._changed[label]

    def _room(self) -> DocBinBuilder:
        if self._builder.tokens >= self._shard_tokens:
            self._flush()
        return self._builder

    def _flush(self) -> None:
        self.path.mkdir(exist_ok=True)
        self._write(self.path / f"{self._shards:03d}.spacy")
        self._shards += 1
        self._builder = DocBinBuilder(spacing=self._spacing)

    def _write(self, path: Path) -> None:
        path.write_bytes(self._builder.to_bytes())
        counts = self._builder.tag_counts()
        self._written.update({tag[2:]: count for tag, count in counts.items() if tag.startswith("B-")})
