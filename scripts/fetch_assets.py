"""Fetch and verify the public data sets that project.yml lists."""

from pathlib import Path

import typer

from spanwright.cli import run, say
from spanwright.project.assets import fetch_asset, list_assets


def main(
    names: list[str] = typer.Argument(None, help="Part of an asset's path, such as tasteset; none = all"),
    project_dir: Path = typer.Option(Path(), help="Folder with project.yml"),
) -> None:
    """Fetch the assets of project.yml; one that is there and verified is left alone."""
    for asset in list_assets(project_dir, names or ()):
        say.good(asset.get("description", ""), fetch_asset(asset, project_dir))


if __name__ == "__main__":
    run(main)
