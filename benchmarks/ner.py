"""Training a recogniser of entities: ours beside stock spaCy, Hugging Face's Trainer and, where it is installed, EDS-NLP.

`python benchmarks/ner.py`: seconds, words per second, peak memory and strict F1 on the same data, with the same encoder, epochs,
batch size and learning rate; see docs/benchmarks.md.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from corpora import DATASETS, Corpora, prepare
from harness import ROOT, alternate_peers, finish, read_earlier
from options import ENCODER, Add, Encoder, Limit, Seeds, Threads, numbers_of

PEERS = Path(__file__).parent / "peers"


def main(
    data: Annotated[str, typer.Option(help="conll, tasteset, btc or job_ads")] = "conll",
    peers: Annotated[
        str,
        typer.Option(
            help="which to run: ours; ours freeze=3 and ours freeze=5, with more layers that do not train; stock and trainer, "
            "with batches at random; stock sorted and trainer sorted, with batches of like length; edsnlp; 'ours on gold words', "
            "as all of them, reads the annotators' words; the first is the base"
        ),
    ] = "ours,stock,stock sorted,trainer,trainer sorted",
    bf16: Annotated[bool, typer.Option("--bf16", help="the Trainer in bfloat16 too")] = False,
    seeds: Seeds = "0,1,2",
    epochs: Annotated[int | None, typer.Option(help="instead of those of the data set")] = None,
    threads: Threads = 1,
    limit: Limit = None,
    add: Add = False,
    encoder: Encoder = ENCODER,
    edsnlp_python: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="interpreter of EDS-NLP's own environment")
    ] = None,
) -> None:
    """Train each in turn, seed by seed."""
    result = "ner" if data == "conll" else f"ner_{data}"
    settings = {"epochs": epochs or DATASETS[data].epochs, "threads": threads, "encoder": encoder}
    earlier = read_earlier(result, add=add, **settings)
    own = {name: command_of(name, data, edsnlp_python) for name in peers.split(",")}
    with tempfile.TemporaryDirectory() as folder:
        corpora = prepare(data, Path(folder), limit=limit)
        shared = shared_options(data, corpora, encoder, epochs)
        commands = {name: [*command, *shared] for name, command in own.items()}
        if bf16:
            commands["trainer bf16"] = [*command_of("trainer", data), *shared, "--bf16"]
        runs = alternate_peers(commands, numbers_of(seeds), threads=threads)
    finish(result, runs, limit=limit, earlier=earlier, **settings)


def shared_options(data: str, corpora: Corpora, encoder: Path, epochs: int | None = None) -> list[str]:
    """Return what all peers are told: data, encoder, epochs and batch size."""
    dataset = DATASETS[data]
    settings = {
        "--train": corpora.train,
        "--dev": corpora.dev,
        "--encoder": encoder,
        "--epochs": epochs or dataset.epochs,
        "--batch-size": dataset.batch_size,
    }
    return [part for option, value in settings.items() for part in (option, str(value))]


def spacy_command(config: Path) -> list[str]:
    return [sys.executable, str(PEERS / "train_spacy.py"), "--config", str(config)]


def setting(name: str, value: Any) -> list[str]:
    """Return the option that puts a value into a config."""
    return ["--set", f"{name}={json.dumps(value)}"]


def command_of(peer: str, data: str, edsnlp_python: Path | None = None) -> list[str]:
    """Return the command of a peer. Exits where it needs an environment of its own, and that was not given."""
    if peer != "edsnlp":
        name = peer.removesuffix(GOLD_WORDS)
        return [*COMMANDS[name], *words_of(name, data, gold=name != peer)]
    if edsnlp_python is None:
        raise SystemExit(
            "--peers edsnlp: needs --edsnlp-python PATH; docs/benchmarks.md says how to make its environment"
        )
    return [str(edsnlp_python.absolute()), str(PEERS / "edsnlp_ner.py")]


def words_of(peer: str, data: str, *, gold: bool) -> list[str]:
    """Return the options that tell a peer which words it reads. Unless told, the Trainer reads the annotators', and spaCy's
    pipelines those of spaCy's tokenizer.
    """
    is_trainer = peer.startswith("trainer")
    if gold:
        return [] if is_trainer else ["--gold-words"]
    if data not in MARKS:
        return []
    tokenizer = {"@tokenizers": "spanwright.Tokenizer.v1", "split": MARKS[data]}
    return ["--split", *MARKS[data]] if is_trainer else setting("nlp.tokenizer", tokenizer)


# What annotators took for words of their own, and spaCy does not. In tweets "@" is one mostly where they marked it: their words
# tell what is to be found, so that the Trainer too reads the tokenizer's words.
MARKS = {"btc": ["@"]}
GOLD_WORDS = " on gold words"
OURS = spacy_command(ROOT / "configs" / "ner.cfg")
COMMANDS = {
    "ours": OURS,
    **{f"ours freeze={n}": [*OURS, *setting("components.transformer.model.freeze", n)] for n in (3, 5)},
    "stock": spacy_command(PEERS / "configs" / "stock_ner.cfg"),
    "stock sorted": [*spacy_command(PEERS / "configs" / "stock_ner.cfg"), "--sort"],
    "trainer": [sys.executable, str(PEERS / "trainer_ner.py")],
    "trainer sorted": [sys.executable, str(PEERS / "trainer_ner.py"), "--sort"],
}

if __name__ == "__main__":
    typer.run(main)
