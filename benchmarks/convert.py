"""Annotation files to `.spacy`, side by side with `spacy convert -c ner`: tokens per second and peak memory.

`python benchmarks/convert.py [--tokens 2000000] [--large 250,1000]`: prints one table and writes `results/convert.json`.
The file is made here: sentences of words drawn at random by Zipf's law, one token in seven part of an entity.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from wasabi import msg

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results" / "convert.json"
VOCABULARY = 60_000


def main(
    tokens: Annotated[int, typer.Option(help="tokens in the file that both convert")] = 2_000_000,
    large: Annotated[str, typer.Option(help="megabytes of files that only ours converts")] = "250,1000",
    runs: Annotated[int, typer.Option(help="runs of each; the fastest counts")] = 2,
) -> None:
    """Measure both converters on one file, and the memory of ours as files grow."""
    results: dict[str, Any] = {"tokens": tokens, "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "corpus.iob"
        count = write_file(path, tokens=tokens)
        ours = [
            sys.executable,
            str(ROOT / "scripts" / "convert.py"),
            str(path),
            "--out",
            str(folder / "ours"),
            "--force",
        ]
        theirs = [sys.executable, "-m", "spacy", "convert", "-c", "ner", str(path), str(folder)]
        results["spanwright"] = best(ours, count, runs)
        results["spacy convert -c ner"] = best(theirs, count, runs)
        for size in filter(None, large.split(",")):
            count = write_file(path, size=int(size) << 20)
            results[f"spanwright, {size} MB"] = best(ours, count, 1)
    show(results)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    msg.good(str(RESULTS))


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


def best(command: list[str], tokens: int, runs: int) -> dict[str, float]:
    """Run a command in a process of its own: the fastest time, and its peak memory in megabytes."""
    measured = [measure(command) for _ in range(runs)]
    seconds, memory = min(measured)
    return {"seconds": round(seconds, 2), "tokens_per_second": round(tokens / seconds), "peak_mb": round(memory)}


def measure(command: list[str]) -> tuple[float, float]:
    """Seconds and peak megabytes of a command and its children."""
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    return time.perf_counter() - start, int(done.stdout) / (1 << 10 if sys.platform != "darwin" else 1 << 20)


def show(results: dict[str, Any]) -> None:
    """Print the table."""
    rows = [(name, *result.values()) for name, result in results.items() if isinstance(result, dict)]
    msg.table(rows, header=("", "seconds", "tokens/s", "peak MB"), aligns=("l", "r", "r", "r"))
    ours, theirs = results["spanwright"], results["spacy convert -c ner"]
    speed = ours["tokens_per_second"] / theirs["tokens_per_second"]
    msg.info(f"{speed:.1f} times as fast, {ours['peak_mb'] / theirs['peak_mb']:.2f} times the memory")


if __name__ == "__main__":
    typer.run(main)
