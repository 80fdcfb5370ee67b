"""Report whether Python, spaCy, torch, cupy and the CUDA driver fit together, and what mends them where they do not."""

from __future__ import annotations

import sys

from wasabi import msg

from spanwright.cli import run, say
from spanwright.doctor.diagnosis import diagnose
from spanwright.doctor.facts import Facts, gather


def main() -> None:
    """Look at this machine: one line per problem with the command that mends it; problems exit with 1."""
    facts = gather()
    msg.divider("This machine")
    msg.table(rows(facts))
    problems = diagnose(facts)
    for problem in problems:
        say.fail(problem.cause)
        say.info("Mend it with", problem.command)
    if problems:
        sys.exit(1)
    say.good(f"Spanwright can run here, on the {'GPU' if facts.driver_cuda else 'CPU'}")


def rows(facts: Facts) -> list[tuple[str, str]]:
    """Return the report's table of what there is, one row per fact."""
    packages = ("spanwright", "spacy", "spacy-transformers", "transformers", "torch")
    cupy = [f"{name} {version}" for name, version in facts.installed.items() if name.startswith("cupy")]
    return [
        ("Python", facts.python),
        *((package, facts.installed.get(package, "not installed")) for package in packages),
        ("cupy", ", ".join(cupy) or "not installed"),
        ("GPUs", ", ".join(facts.gpus) or "none"),
        ("CUDA that the driver runs", dotted(facts.driver_cuda)),
        ("CUDA that torch is built for", dotted(facts.torch_cuda)),
        ("CUDA that cupy is built for", dotted(facts.cupy_cuda)),
        *((f"probe: {name}", facts.failed.get(name, "passed")) for name in facts.probed),
        ("bfloat16", bfloat16(facts)),
    ]


def dotted(version: tuple[int, int] | None) -> str:
    """Write (12, 4) as 12.4."""
    return f"{version[0]}.{version[1]}" if version else "none"


def bfloat16(facts: Facts) -> str:
    """Say whether bfloat16 pays off."""
    if facts.bfloat16 is None:
        return "unknown"
    kind = "native" if facts.bfloat16.native else "emulated, so that float32 is used"
    return f"{kind}; a matrix product runs at {facts.bfloat16.speed:.2g} times the speed of float32"


if __name__ == "__main__":
    run(main)
