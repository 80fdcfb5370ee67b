"""Annotation files to `.spacy`, side by side with `spacy convert -c ner`: tokens per second and peak memory.

`python benchmarks/convert.py`: both on one file, in turn. `python benchmarks/convert.py --large 250,1000`: ours alone, on
files of so many megabytes. Each prints one table and writes one file under `results`.
The files are made here: sentences of words drawn at random by Zipf's law, one token in seven part of an entity.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from wasabi import msg

from harness import ROOT, alternate, write_results

OURS, THEIRS = "spanwright", "spacy convert -c ner"
VOCABULARY = 60_000


def main(
    tokens: Annotated[int, typer.Option(help="tokens in the file that both convert")] = 2_000_000,
    runs: Annotated[int, typer.Option(help="runs of each; the median counts")] = 3,
    large: Annotated[str, typer.Option(help="megabytes of files that only ours converts")] = "",
) -> None:
    """Measure both converters on one file, or the memory of ours as files grow."""
    with tempfile.TemporaryDirectory() as folder:
        results = measure_growth(Path(folder), large) if large else compare(Path(folder), tokens, runs)
    rows = [(name, *(row[key] for key in ("seconds", "tokens_per_second", "peak_mb"))) for name, row in results.items()]
    msg.table(rows, header=("", "seconds", "tokens/s", "peak MB"), aligns=("l", "r", "r", "r"))
    msg.good(str(write_results("convert_large" if large else "convert", results)))


def compare(folder: Path, tokens: int, runs: int) -> dict[str, dict[str, Any]]:
    """Measure both converters on one file."""
    path = folder / "corpus.iob"
    count = write_file(path, tokens=tokens)
    theirs = [sys.executable, "-m", "spacy", "convert", "-c", "ner", str(path), str(folder)]
    results = alternate({OURS: our_command(path), THEIRS: theirs}, runs)
    ours = results[OURS]
    for row in results.values():
        row["tokens_per_second"] = round(count / row["seconds"])
        row["times_as_long"] = round(row["seconds"] / ours["seconds"], 1)
        row["times_the_memory"] = round(row["peak_mb"] / ours["peak_mb"], 1)
    return results


def measure_growth(folder: Path, sizes: str) -> dict[str, dict[str, Any]]:
    """Measure ours on files of several sizes in megabytes."""
    results = {}
    for size in sizes.split(","):
        count = write_file(folder / "corpus.iob", size=int(size) << 20)
        name = f"{size} MB"
        results[name] = alternate({name: our_command(folder / "corpus.iob")}, 1)[name]
        results[name]["tokens_per_second"] = round(count / results[name]["seconds"])
    return results


def our_command(path: Path) -> list[str]:
    """The command line of our converter."""
    script = str(ROOT / "scripts" / "convert.py")
    return [sys.executable, script, str(path), "--out", str(path.parent / "ours"), "--force"]


def write_file(path: Path, *, tokens: int = 0, size: int = 0) -> int:
    """Write sentences until there are as many tokens, or bytes, and return the number of tokens."""
    draw = np.random.default_rng(0)
    words = np.asarray(["".join(draw.choice(list("etaoinshrdlu"), draw.integers(2, 10))) for _ in range(VOCABULARY)])
    shares = 1 / np.arange(1, VOCABULARY + 1)
    written = count = 0
    with path.open("w", encoding="utf-8") as file:
        while count < tokens or written < size:
            drawn = words[draw.choice(VOCABULARY, 200_000, p=shares / shares.sum())].tolist()
            starts = draw.integers(0, 7, 200_000).tolist()
            ends = np.cumsum(draw.integers(5, 26, 12_000)).tolist()
            for start, end in itertools.pairwise([0, *(end for end in ends if end <= len(drawn))]):
                written += file.write(sentence(drawn[start:end], starts[start:end]))
                count += end - start
                if count >= tokens and written >= size:
                    break
    return count


def sentence(words: list[str], draws: list[int]) -> str:
    """Rows of a sentence, in which one token in seven is part of an entity of two."""
    tags = ["O"] * len(words)
    for start in range(draws[0], len(words) - 1, 14):
        label = ("PER", "LOC", "ORG", "MISC")[draws[start] % 4]
        tags[start : start + 2] = [f"B-{label}", f"I-{label}"]
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)) + "\n"


if __name__ == "__main__":
    typer.run(main)
