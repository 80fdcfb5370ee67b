"""Does the packaged pipeline work where nothing else is installed? Install it, load it by name, compare its entities."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import spacy
from spacy.training import Corpus
from weasel.util import load_project_config

from spanwright.errors import Errors, SpanwrightError
from spanwright.project.commands import run_command

# runs in the new environment: texts come from a file, results leave by another
EXTRACT = """
import json, pathlib, sys, spacy
name, texts, results = sys.argv[1:]
nlp = spacy.load(name)
docs = nlp.pipe(json.loads(pathlib.Path(texts).read_text("utf8")))
entities = [[[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents] for doc in docs]
pathlib.Path(results).write_text(json.dumps(entities), "utf8")
"""
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
# compiling every module of torch takes longer than importing what is needed
PIP_OPTIONS = ("--quiet", "--no-compile", "--disable-pip-version-check")

Entities = list[list[Any]]


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
    requirement: str, texts: Sequence[str], *, packages: Path, constraints: Path, reuse_dependencies: bool = False
) -> list[Entities]:
    """Install `requirement` from `packages` into a new virtual environment and return its entities for each text, as
    `[start_char, end_char, label]`. Look-ups of models are switched off.

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
        run_command([*pip, requirement], capture=True)
        texts_file.write_text(json.dumps(list(texts)), "utf8")
        clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | OFFLINE
        run_command([python, "-c", EXTRACT, name, texts_file, results], cwd=Path(folder), env=clean, capture=True)
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

    Returns one `{"text", "entities"}` for each text. Raises SpanwrightError when the two differ, or find nothing at all.
    """
    nlp = spacy.load(pipeline)
    annotated = (example.reference for example in Corpus(data)(nlp) if example.reference.ents)
    texts = [doc.text for doc in islice(annotated, n_texts)]
    expected = [[[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents] for doc in nlp.pipe(texts)]
    found = install_and_extract(
        requirement, texts, packages=packages, constraints=constraints, reuse_dependencies=reuse_dependencies
    )
    if found != expected:
        raise SpanwrightError(Errors.S073.format(requirement=requirement, pipeline=pipeline))
    if not any(found):
        raise SpanwrightError(Errors.S074.format(requirement=requirement, n_texts=len(texts), data=data))
    return [{"text": text, "entities": entities} for text, entities in zip(texts, found, strict=True)]


def _see_packages_of_this_python(python: Path) -> None:
    site = run_command([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture=True).strip()
    own = [path for path in sys.path if path.endswith("site-packages")]
    Path(site, "packages_of_the_parent.pth").write_text("\n".join(own), "utf8")
