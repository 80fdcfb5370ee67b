"""Install the packaged pipeline into a new environment and see that it works there."""

from pathlib import Path

import srsly
import typer

from spanwright.cli import run, say
from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file
from spanwright.project.smoke import missing_outputs, smoke_test


def main(
    pipeline: Path = typer.Argument(..., help="Folder of the trained pipeline that was packaged"),
    data: Path = typer.Argument(..., help="Corpus whose first texts are tried (.spacy)"),
    packages: Path = typer.Option(Path("packages"), help="Folder with the wheels"),
    lang: str = typer.Option(..., help="vars.lang"),
    name: str = typer.Option(..., help="vars.name"),
    version: str = typer.Option(..., help="vars.version"),
    output: Path = typer.Option(Path("metrics/smoke_test.json"), help="Where texts and what is found in them go"),
    constraints: Path = typer.Option(Path("constraints.txt"), help="Versions for the new environment"),
    reuse_dependencies: bool = typer.Option(False, help="Borrow this environment's packages: faster, proves less"),
) -> None:
    """Check the wheels in PACKAGES, and that every output project.yml declares is there."""
    variables = {"lang": lang, "name": name, "version": version}
    if missing := missing_outputs(Path.cwd(), variables, before="smoke-test"):
        raise SpanwrightError(Errors.S075.format(paths=", ".join(missing)))
    requirement = f"{lang}_{name}=={version}"
    results = smoke_test(
        requirement, pipeline, data, packages=packages, constraints=constraints, reuse_dependencies=reuse_dependencies
    )
    with atomic_file(output) as partial:
        srsly.write_json(partial, results)
    counts = {kind: sum(len(result[kind]) for result in results) for kind in ("entities", "categories", "answers")}
    found = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    say.good(f"{requirement} installs, loads offline and finds the same in {len(results)} texts ({found})", output)


if __name__ == "__main__":
    run(main)
