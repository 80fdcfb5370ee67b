"""Write what is generated: README's table of commands, tables of results in it and in docs/, and the modules that project.yml's
commands depend on.
"""

import tempfile
from pathlib import Path

import typer
from weasel.cli.document import project_document

from spanwright.cli import run, say
from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file
from spanwright.project.dependencies import with_module_dependencies
from spanwright.project.results import with_results

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def main(check: bool = typer.Option(False, "--check", help="Change nothing; fail when a file is not current")) -> None:
    """Bring project.yml, README.md and the pages of docs/ up to date."""
    project, readme = ROOT / "project.yml", ROOT / "README.md"
    pages = sorted((ROOT / "docs").glob("*.md"))
    for path, current in (
        (project, with_module_dependencies(project.read_text("utf8"), ROOT)),
        (readme, documented(readme)),
        *((page, with_results(page.read_text("utf8"), RESULTS)) for page in pages),
    ):
        if path.read_text("utf8") == current:
            say.good("Current", path.name)
        elif check:
            raise SpanwrightError(Errors.S083.format(path=path.name))
        else:
            with atomic_file(path) as partial:
                partial.write_text(current, "utf8")
            say.good("Written", path.name)


def documented(readme: Path) -> str:
    """Return the README with the table of commands that weasel makes of project.yml, and tables of measured results."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, readme.name)
        draft.write_text(with_results(readme.read_text("utf8"), RESULTS), "utf8")
        project_document(ROOT, draft, no_emoji=True)
        return draft.read_text("utf8")


if __name__ == "__main__":
    run(main)
