"""Which of our modules, and of the templates beside them, each command of project.yml depends on, found by following imports.

weasel runs a command again when a file it depends on has changed. It knows no globs, and a folder will not do: Python writes
its caches there. So the modules are listed one by one, and this is what writes and checks the lists.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

PACKAGE = "spanwright"
# these build pipelines, so what a config may name is part of them
PIPELINE_COMMANDS = ("fill-config", "check", "debug-data", "train", "evaluate", "smoke-test", "textcat")
# this builds a wheel of all there is
WHEEL_COMMANDS = ("package",)
# a folder of what the modules beside it read
TEMPLATES = "templates"
COMMAND = re.compile(r"(?=^  - name: )", re.MULTILINE)
NAME = re.compile(r"  - name: ([\w-]+)")
SCRIPT = re.compile(r"scripts/\w+\.py")
MODULE_LINE = re.compile(r'^      - "src/.*"\n', re.MULTILINE)
DEPS = re.compile(r"^    deps:(?! \*).*\n(?:      .*\n)*", re.MULTILINE)


def with_module_dependencies(project: str, root: Path) -> str:
    """Return the text of project.yml with each command's modules listed at the end of its deps.

    root: the folder with `scripts` and `src`.
    """
    return "".join(_with_modules(part, root) for part in COMMAND.split(project))


def imported_modules(files: Iterable[Path], source: Path) -> set[Path]:
    """Return the modules of the package below `source` that `files` import, directly or through each other."""
    found: set[Path] = set()
    pending = list(files)
    while pending:
        for module in _direct_imports(pending.pop(), source):
            if module not in found:
                found.add(module)
                pending.append(module)
    return found


def _with_modules(part: str, root: Path) -> str:
    name = NAME.match(part)
    if name is None or not DEPS.search(part):
        return part
    source = root / "src"
    if name[1] in WHEEL_COMMANDS:
        modules = set((source / PACKAGE).rglob("*.py"))
    else:
        entries = _entry_points(source) if name[1] in PIPELINE_COMMANDS else set()
        scripts = [root / script for script in SCRIPT.findall(part)]
        modules = entries | imported_modules([*scripts, *entries], source)
    files = modules | {file for module in modules for file in (module.parent / TEMPLATES).glob("*")}
    lines = "".join(sorted(f'      - "{file.relative_to(root).as_posix()}"\n' for file in files))
    cleared = MODULE_LINE.sub("", part)
    return DEPS.sub(lambda deps: deps[0] + lines, cleared, count=1)


def _entry_points(source: Path) -> set[Path]:
    return {_module_file(entry.module, source) for entry in distribution(PACKAGE).entry_points} - {None}  # type: ignore[return-value]


def _direct_imports(file: Path, source: Path) -> set[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return {module for name in names if (module := _module_file(name, source)) is not None}


def _module_file(name: str, source: Path) -> Path | None:
    if name.split(".")[0] != PACKAGE:
        return None
    path = source.joinpath(*name.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)
