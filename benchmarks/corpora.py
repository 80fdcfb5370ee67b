"""The data that benchmarks run on, as `.spacy` corpora: published subsets of public files that are not ours to ship."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from harness import ROOT
from spanwright.data.convert import ConvertSettings, convert
from spanwright.data.readers.formats import ReadOptions

DATA = ROOT.parent / "shared" / "data"
csv.field_size_limit(sys.maxsize)


class Dataset(NamedTuple):
    """Files under `DATA`, how to cut the published subset out of them, and how a model is trained on it."""

    files: tuple[str, str]
    task: str
    batch_size: int
    epochs: int
    subset: Callable[[Path, Path, Path], tuple[Path, Path]] | None = None


class Corpora(NamedTuple):
    train: Path
    dev: Path


def draw_conll(train: Path, dev: Path, out: Path) -> tuple[Path, Path]:
    """Draw 1,000 and 500 sentences, as published: `default_rng(42).permutation(n)[:k]`, without document marks."""
    drawn = []
    for source, count in ((train, 1000), (dev, 500)):
        sentences = read_sentences(source.read_text(encoding="utf-8"))
        order = np.random.default_rng(42).permutation(len(sentences))[:count]
        drawn.append(out / source.name)
        drawn[-1].write_text("\n\n".join(sentences[i] for i in order) + "\n", encoding="utf-8")
    return drawn[0], drawn[1]


def read_sentences(text: str) -> list[str]:
    """Return the sentences of a CoNLL file, each as its lines, without document marks."""
    rows = [row if not row.startswith("-DOCSTART-") else "" for row in text.splitlines()]
    blocks = "\n".join(row.strip() for row in rows).split("\n\n")
    return [block.strip("\n") for block in blocks if block.strip()]


def split_tasteset(table: Path, _: Path, out: Path) -> tuple[Path, Path]:
    """Split the recipes as published: `train_test_split(rows, random_state=1337, test_size=0.1)`."""
    from sklearn.model_selection import train_test_split

    with table.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    paths = (out / "train.csv", out / "dev.csv")
    for path, part in zip(paths, train_test_split(rows, random_state=1337, test_size=0.1), strict=True):
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *part])
    return paths


def drop_shared(train: Path, dev: Path, out: Path) -> tuple[Path, Path]:
    """Leave out of the training texts those that are in the development file too: 99 of 2,000 questions about cooking."""
    lines = train.read_text(encoding="utf-8").splitlines()
    known = {json.loads(line)["text"] for line in dev.read_text(encoding="utf-8").splitlines()}
    kept = out / train.name
    kept.write_text("".join(f"{line}\n" for line in lines if json.loads(line)["text"] not in known), encoding="utf-8")
    return kept, dev


DATASETS = {
    "conll": Dataset(("conll2003/train.txt", "conll2003/valid.txt"), "ner", 8, 5, draw_conll),
    "conll_valid": Dataset(("conll2003/train.txt", "conll2003/valid.txt"), "ner", 8, 5),
    "tasteset": Dataset(("tasteset/TASTEset.csv", "tasteset/TASTEset.csv"), "ner", 4, 5, split_tasteset),
    "btc": Dataset(("broad_twitter/btc.train.conll", "broad_twitter/btc.dev.conll"), "ner", 8, 3),
    "job_ads": Dataset(("job_ads/train.tsv", "job_ads/test.tsv"), "ner", 2, 8),
    "imdb": Dataset(("imdb/train-1000.jsonl", "imdb/test-500.jsonl"), "textcat", 8, 3),
    "squad": Dataset(("squad/train.json", "squad/dev.json"), "qa", 12, 2),
    "cooking": Dataset(("cooking/cooking-train.jsonl", "cooking/cooking-dev.jsonl"), "textcat", 8, 5, drop_shared),
}


def prepare(name: str, out: Path, *, limit: int | None = None, data: Path = DATA) -> Corpora:
    """Convert a dataset into `out`, at most `limit` Docs of each part. Exits where a file has not been fetched."""
    dataset = DATASETS[name]
    sources = [data / file for file in dataset.files]
    if missing := [str(path) for path in sources if not path.exists()]:
        raise SystemExit(f"--data {name}: fetch {' and '.join(missing)} first; docs/benchmarks.md says where from")
    out.mkdir(parents=True, exist_ok=True)
    parts = Corpora(out / "train.spacy", out / "dev.spacy")
    settings = ReadOptions(task=dataset.task)
    if dataset.subset is not None:
        sources = list(dataset.subset(sources[0], sources[1], out))
    for source, part in zip(sources, parts, strict=True):
        convert([source], out, ConvertSettings(settings, name=part.stem, force=True, shard_tokens=sys.maxsize))
        if limit is not None:
            cut(part, limit)
    return parts


def cut(path: Path, limit: int) -> None:
    """Keep the first `limit` Docs of a corpus."""
    write(islice(read(path), limit), path)


def hold_out(path: Path, share: float) -> Corpora:
    """Part a corpus in two, next to it: what is trained on, and a share of it, drawn with a fixed seed, that is not."""
    docs = list(read(path))
    order = np.random.default_rng(0).permutation(len(docs))
    count = round(share * len(docs))
    parts = Corpora(path.with_name("rest.spacy"), path.with_name("held-out.spacy"))
    for numbers, part in zip((order[count:], order[:count]), parts, strict=True):
        write((docs[i] for i in sorted(numbers)), part)
    return parts


def read(path: Path) -> Iterator[Doc]:
    return DocBin(store_user_data=True).from_disk(path).get_docs(Vocab())


def write(docs: Iterable[Doc], path: Path) -> None:
    DocBin(docs=docs, store_user_data=True).to_disk(path)
