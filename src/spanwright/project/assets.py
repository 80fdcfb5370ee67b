"""The public data that project.yml lists: fetched to a temporary name, verified by SHA-256, then renamed."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pooch
from weasel.util import load_project_config

from spanwright.errors import Errors, SpanwrightError


def list_assets(project_dir: Path, names: Sequence[str] = ()) -> list[Mapping[str, Any]]:
    """Return the assets of project.yml whose `dest` holds one of `names` (all of them, without names).

    Raises SpanwrightError for a name that no asset has, and for an asset without a SHA-256.
    """
    assets = load_project_config(project_dir).get("assets", [])
    for name in names:
        if not any(name in asset["dest"] for asset in assets):
            raise SpanwrightError(Errors.S080.format(name=name, known=", ".join(asset["dest"] for asset in assets)))
    for asset in assets:
        if "sha256" not in asset:
            raise SpanwrightError(Errors.S081.format(dest=asset["dest"]))
    return [asset for asset in assets if not names or any(name in asset["dest"] for name in names)]


def fetch_asset(asset: Mapping[str, Any], project_dir: Path) -> Path:
    """Return the asset's path, holding exactly the bytes that its SHA-256 promises; fetch them where they are not there.

    A file that stood there is replaced only by a verified one. Raises SpanwrightError.
    """
    target = project_dir / asset["dest"]
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(asset["url"], known_hash=f"sha256:{asset['sha256']}", fname=target.name, path=target.parent)
    except (OSError, ValueError) as error:
        raise SpanwrightError(Errors.S082.format(url=asset["url"], dest=asset["dest"], reason=error)) from error
    return target
