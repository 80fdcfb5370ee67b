"""Does the packaged pipeline work where nothing else is installed? Install it, load it by name, compare what it finds."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import spacy
from weasel.util import load_project_config

from spanwright.data.exporting.docs import question_of, read_docs, tasks_of
from spanwright.errors import Errors, SpanwrightError
from spanwright.project.commands import run_command
from spanwright.project.extraction import extract

# runs in the new environment: texts come from a file, results leave by another
EXTRACT = """
import json, pathlib, sys, spacy
from spanwright.project.extraction import extract
name, texts, results = sys.argv[1:]
found = extract(spacy.load(name), json.loads(pathlib.Path(texts).read_text("utf8")))
pathlib.Path(results).write_text(json.dumps(found), "utf8")
"""
TOLERANCE = 1e-5  # of scores: another process may add up in another order
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
# compiling every module of torch takes longer than importing what is needed
PIP_OPTIONS = ("--quiet", "--no-compile", "--disable-pip-version-check")


def missing_outputs(project_dir: Path, variables: Mapping[str, str], *, before: str) -> list[str]:
    """Return the outputs of project.yml's commands that do not exist, of those that the workflow `all` runs before one.

    variables: values of project variables that differ from project.yml's.
    """
    overrides = {f"vars.{name}": value for name, value in variables.items()}
    config = load_project_config(project_dir, overrides=overrides)
    steps = config["workflows"]["all"]
    earlier = set(steps[: steps.index(before)])
    outputs = [path for command in config["commands"] if command["name"] in earlier for path in command["outputs"]]
    return [path for path in outputs if not (project_dir / path).exists()]


def install_and_extract(
    requirement: str,
    texts: Sequence[tuple[str, str | None]],
    *,
    packages: Path,
    constraints: Path,
    reuse_dependencies: bool = False,
) -> list[dict[str, Any]]:
    """Install `requirement` from `packages` into a new virtual environment and return what `extract` gives there. Look-ups of
    models are switched off.

    reuse_dependencies: let the new environment see the packages of this one, which makes it faster but proves less.
    """
    name = requirement.split("==")[0]
    with tempfile.TemporaryDirectory(prefix="spanwright-smoke-") as folder:
        environment, texts_file, results = (Path(folder, part) for part in ("venv", "texts.json", "results.json"))
        venv.create(environment, with_pip=True)
        python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        pip = [str(python), "-m", "pip", "install", *PIP_OPTIONS, "--find-links", str(packages.resolve())]
        if reuse_dependencies:
            _see_packages_of_this_python(python)
            pip += ["--no-deps", "--no-index", "--ignore-installed", "spanwright"]
        else:
            pip += ["--constraint", str(constraints.resolve())]
        # what PYTHONPATH shows must neither count as installed nor be found
        clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        run_command([*pip, requirement], env=clean, capture=True)
        texts_file.write_text(json.dumps(list(texts)), "utf8")
        look: list[str | Path] = [python, "-c", EXTRACT, name, texts_file, results]
        run_command(look, cwd=Path(folder), env=clean | OFFLINE, capture=True)
        return json.loads(results.read_text("utf8"))


def smoke_test(
    requirement: str,
    pipeline: Path,
    data: Path,
    *,
    packages: Path,
    constraints: Path,
    n_texts: int = 8,
    reuse_dependencies: bool = False,
) -> list[dict[str, Any]]:
    """Check that the installed package finds, in annotated texts of the corpus `data`, what `pipeline` finds here.

    Returns one `{"text", "question", "entities", "categories", "answers"}` for each text (see `extract`). Raises
    SpanwrightError when the two differ, or find nothing at all.
    """
    annotated = (doc for doc in read_docs(data) if tasks_of(doc))
    texts = [(doc.text, question_of(doc)) for doc in islice(annotated, n_texts)]
    expected = extract(spacy.load(pipeline), texts)
    found = install_and_extract(
        requirement, texts, packages=packages, constraints=constraints, reuse_dependencies=reuse_dependencies
    )
    if not agree(found, expected):
        raise SpanwrightError(Errors.S073.format(requirement=requirement, pipeline=pipeline))
    if not any(any(result.values()) for result in found):
        raise SpanwrightError(Errors.S074.format(requirement=requirement, n_texts=len(texts), data=data))
    inputs = ({"text": text, "question": question} for text, question in texts)
    return [given | result for given, result in zip(inputs, found, strict=True)]


def agree(found: Any, expected: Any, *, tolerance: float = TOLERANCE) -> bool:
    """Whether two results, of lists, dicts and plain values, are the same, scores within `tolerance`."""
    same = partial(agree, tolerance=tolerance)
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=0, abs_tol=tolerance)
    return bool(found == expected)


def _see_packages_of_this_python(python: Path) -> None:
    site = run_command([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture=True).strip()
    own = [path for path in sys.path if path.endswith("site-packages")]
    Path(site, "packages_of_the_parent.pth").write_text("\n".join(own), "utf8")
