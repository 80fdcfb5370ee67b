"""From facts about a machine to what is wrong with it, each with the one command that mends it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from spanwright.doctor.facts import Facts
from spanwright.errors import Errors

# Per major version of CUDA that we have an extra for: the torch whose standard Linux wheels are built for it
TORCH_FOR = {12: "torch>=2.4,<2.11", 13: "torch>=2.11,<=2.13.0"}


@dataclass(frozen=True)
class Problem:
    """What is wrong, and the command that mends it."""

    cause: str
    command: str


def diagnose(facts: Facts) -> list[Problem]:
    """Return what keeps Spanwright from running, or from using the GPU that is there. Without a GPU all is well."""
    return [*_python(facts), *_requirements(facts), *_imports(facts), *_cuda(facts)]


def _python(facts: Facts) -> Iterator[Problem]:
    if facts.python not in SpecifierSet(facts.required_python, prereleases=True):
        cause = Errors.S050.format(found=facts.python, allowed=facts.required_python)
        yield Problem(cause, "python3.12 -m venv .venv && .venv/bin/pip install spanwright")


def _requirements(facts: Facts) -> Iterator[Problem]:
    allowed: dict[str, SpecifierSet] = defaultdict(SpecifierSet)
    refused: dict[str, list[str]] = defaultdict(list)
    for owner, lines in facts.requirements.items():
        for requirement in map(Requirement, lines):
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            name = str(canonicalize_name(requirement.name))
            allowed[name] &= requirement.specifier
            installed = facts.installed.get(name)
            if installed is None or not requirement.specifier.contains(installed, prereleases=True):
                refused[name].append(f"{owner} needs {requirement.name}{requirement.specifier}")
    for package, owners in refused.items():
        found = facts.installed.get(package, "(none)")
        cause = Errors.S051.format(package=package, found=found, owners=", ".join(owners))
        yield Problem(cause, f'pip install "{package}{allowed[package]}"')


def _imports(facts: Facts) -> Iterator[Problem]:
    for library, reason in facts.broken.items():
        package = _cupy_packages(facts)[0] if library == "cupy" else str(canonicalize_name(library))
        cause = Errors.S052.format(library=library, reason=reason)
        yield Problem(cause, f'pip install --force-reinstall --no-deps "{package}=={facts.installed[package]}"')


def _cuda(facts: Facts) -> Iterator[Problem]:
    """At most one problem: each is the cause of those after it."""
    if not (facts.cards or facts.driver_cuda):
        return
    update_driver = "sudo ubuntu-drivers install"
    if facts.driver_cuda is None:
        yield Problem(Errors.S053.format(count=facts.cards), update_driver)
        return
    runs = f"{facts.driver_cuda[0]}.{facts.driver_cuda[1]}"
    best = max((major for major in TORCH_FOR if major <= facts.driver_cuda[0]), default=None)
    if best is None:
        yield Problem(Errors.S054.format(runs=runs, oldest=min(TORCH_FOR)), update_driver)
        return
    if "torch" not in facts.installed or "torch" in facts.broken:
        return
    major = facts.torch_cuda[0] if facts.torch_cuda else None
    if major not in TORCH_FOR or major > facts.driver_cuda[0]:
        built = f"CUDA {facts.torch_cuda[0]}.{facts.torch_cuda[1]}" if facts.torch_cuda else "the CPU only"
        cause = Errors.S055.format(torch=facts.installed["torch"], built=built, runs=runs, best=best)
        yield Problem(cause, f'pip uninstall -y torch && pip install "{TORCH_FOR[best]}" "spanwright[cuda{best}x]"')
        return
    yield from _cupy(facts, major)


def _cupy(facts: Facts, major: int) -> Iterator[Problem]:
    found = _cupy_packages(facts)
    install = f'pip install "spanwright[cuda{major}x]"'
    if not found:
        yield Problem(Errors.S056.format(major=major), install)
    # A cupy built on the machine is called just that
    elif found not in ([f"cupy-cuda{major}x"], ["cupy"]):
        cause = Errors.S057.format(found=" and ".join(found), major=major)
        yield Problem(cause, f"pip uninstall -y {' '.join(found)} && {install}")
    elif "torch" in facts.failed:
        version = facts.installed["torch"]
        cause = Errors.S058.format(probe="torch", reason=facts.failed["torch"])
        yield Problem(cause, f'pip install --force-reinstall "torch=={version}"')
    elif probe := next((name for name in ("cupy", "torch to cupy") if name in facts.failed), None):
        # The extra brings CUDA's own libraries, which cupy otherwise looks for on the system
        cause = Errors.S058.format(probe=probe, reason=facts.failed[probe])
        yield Problem(cause, f'pip install --upgrade "cupy-cuda{major}x[ctk]>=14.0,<15.0"')


def _cupy_packages(facts: Facts) -> list[str]:
    return sorted(name for name in facts.installed if name == "cupy" or name.startswith("cupy-cuda"))
