import shutil
from pathlib import Path

import pytest

from spanwright.preflight.disk import COPIES, check_output


def test_an_output_folder_that_is_not_there_yet_is_right(tmp_path):
    assert check_output(tmp_path / "training" / "ner", 1000) == []
    assert list(tmp_path.iterdir()) == []


def test_a_drive_that_is_not_there_is_found(monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda path: False)  # as on Windows, where no folder is above a missing drive
    monkeypatch.setattr(Path, "is_dir", lambda path: False)
    (finding,) = check_output(Path("/gone/training"), 0)
    assert finding.message.startswith("[S047]")


def test_too_little_room_is_found(tmp_path):
    size = shutil.disk_usage(tmp_path).total // COPIES + 1
    (finding,) = check_output(tmp_path, size)
    assert finding.level == "error"
    assert finding.message.startswith(f"[S048] {tmp_path}: ")


def test_a_file_in_the_way_is_found(tmp_path):
    (tmp_path / "training").write_text("")
    for output in (tmp_path / "training", tmp_path / "training" / "ner"):
        (finding,) = check_output(output, 0)
        assert f"{tmp_path / 'training'} is not a folder" in finding.message


def test_a_dangling_link_in_the_way_is_found(tmp_path):
    (tmp_path / "training").symlink_to(tmp_path / "gone")
    (finding,) = check_output(tmp_path / "training", 0)
    assert finding.message.startswith("[S047]")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody can write to")
def test_a_folder_that_cannot_be_written_is_found():
    (finding,) = check_output(Path("/proc/training"), 0)
    assert finding.message.startswith("[S047] /proc/training: cannot be written (")
