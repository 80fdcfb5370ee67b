from __future__ import annotations

import os
from pathlib import Path

import pytest

from spanwright.files import atomic_file, atomic_folder, replace_folder


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def folder_with(path: Path, content: str) -> Path:
    path.mkdir(parents=True)
    (path / "file").write_text(content)
    return path


def test_a_file_is_replaced_when_the_block_ends(tmp_path, umask):
    path = tmp_path / "made" / "on" / "the way"
    for content in ("old", "new"):
        with atomic_file(path) as partial:
            partial.write_text(content)
            assert partial.parent == path.parent
            assert not path.exists() or path.read_text() == "old"
        assert path.read_text() == content
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(path.parent) == ["the way"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("was_there", [True, False])
def test_an_unfinished_file_leaves_no_trace(tmp_path, error, was_there):
    path = tmp_path / "file"
    if was_there:
        path.write_text("old")
    with pytest.raises(error), atomic_file(path) as partial:
        partial.write_text("half")
        raise error
    assert names(tmp_path) == (["file"] if was_there else [])
    assert not was_there or path.read_text() == "old"


def test_a_folder_is_replaced_when_the_block_ends(tmp_path, umask):
    path = tmp_path / "made" / "folder"
    for content in ("old", "new"):
        with atomic_folder(path) as partial:
            assert names(partial) == []
            (partial / content).write_text(content)
        assert names(path) == [content]
    assert path.stat().st_mode & 0o777 == 0o750
    assert names(path.parent) == ["folder"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_unfinished_folder_leaves_no_trace(tmp_path, error):
    path = folder_with(tmp_path / "folder", "old")
    with pytest.raises(error), atomic_folder(path) as partial:
        (partial / "file").write_text("half")
        raise error
    assert names(tmp_path) == ["folder"]
    assert (path / "file").read_text() == "old"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_the_old_folder_returns_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch, error):
    source, target = folder_with(tmp_path / "source", "new"), folder_with(tmp_path / "target", "old")
    rename = Path.rename

    def refuse_the_source(self: Path, to: Path) -> Path:
        if self == source:
            raise error
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refuse_the_source)
    with pytest.raises(error):
        replace_folder(source, target)
    assert (target / "file").read_text() == "old"
    assert names(tmp_path) == ["source", "target"]


def test_a_link_is_replaced_and_not_what_it_points_to(tmp_path):
    kept = folder_with(tmp_path / "kept", "kept")
    for name, goal in [("link", kept), ("broken", tmp_path / "nowhere")]:
        (tmp_path / name).symlink_to(goal)
        replace_folder(folder_with(tmp_path / "source", "new"), tmp_path / name)
        assert not (tmp_path / name).is_symlink()
        assert (tmp_path / name / "file").read_text() == "new"
    assert (kept / "file").read_text() == "kept"
