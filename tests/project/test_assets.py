"""Fetching public data: from a server on this machine, that also breaks off and lies."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import srsly

from spanwright.errors import SpanwrightError
from spanwright.project.assets import fetch_asset, list_assets

CONTENT = b"labelled text\n" * 1000


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = {"/good": CONTENT, "/wrong": CONTENT[::-1], "/short": CONTENT}[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/short" else body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def asset(url: str) -> dict[str, str]:
    return {"dest": "data/train.tsv", "url": url, "sha256": hashlib.sha256(CONTENT).hexdigest()}


def test_fetched_verified_and_left_alone_the_second_time(server: str, tmp_path: Path) -> None:
    path = fetch_asset(asset(f"{server}/good"), tmp_path)
    assert path.read_bytes() == CONTENT
    assert fetch_asset(asset("http://127.0.0.1:9/unreachable"), tmp_path) == path


def test_altered_file_is_fetched_again(server: str, tmp_path: Path) -> None:
    target = tmp_path / "data" / "train.tsv"
    target.parent.mkdir()
    target.write_bytes(b"altered")
    fetch_asset(asset(f"{server}/good"), tmp_path)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["/wrong", "/short"])
def test_bad_download_changes_nothing(server: str, tmp_path: Path, path: str) -> None:
    target = tmp_path / "data" / "train.tsv"
    target.parent.mkdir()
    target.write_bytes(b"what was there")
    with pytest.raises(SpanwrightError, match=r"S082.*data/train.tsv"):
        fetch_asset(asset(f"{server}{path}"), tmp_path)
    assert target.read_bytes() == b"what was there"
    assert [file.name for file in target.parent.iterdir()] == ["train.tsv"]


def test_unknown_name_and_missing_checksum_are_refused(tmp_path: Path) -> None:
    srsly.write_yaml(tmp_path / "project.yml", {"assets": [{"dest": "a/b.tsv", "url": "http://127.0.0.1:9/"}]})
    with pytest.raises(SpanwrightError, match=r"S080.*'c'.*a/b.tsv"):
        list_assets(tmp_path, ["c"])
    with pytest.raises(SpanwrightError, match=r"S081.*a/b.tsv"):
        list_assets(tmp_path)
