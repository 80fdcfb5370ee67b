"""The variables of project.yml: values that a later command would refuse, or accept and break on."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import spacy.lang
from packaging.version import InvalidVersion, Version
from spacy.util import get_lang_class

from spanwright.errors import Errors
from spanwright.preflight.findings import Finding, error, nearest, warning

# numpy's generator takes no larger seed
LARGEST_SEED = 2**32 - 1


class Variable(NamedTuple):
    """What a variable may be: in words, as a predicate over its text, and as the names to suggest for a wrong one."""

    allowed: str
    holds: Callable[[str], bool]
    suggestions: Callable[[], list[str]] = list


def is_version(text: str) -> bool:
    """Whether `text` is a PEP 440 version in its normal form, which setuptools gives the wheel's file name."""
    try:
        return str(Version(text)) == text
    except InvalidVersion:
        return False


def is_package_name(text: str) -> bool:
    """Whether `spacy package` takes `text` as a pipeline's name, and setuptools calls the wheel exactly so."""
    return re.fullmatch(r"[a-z](_?[a-z0-9])*", text) is not None


def is_language(text: str) -> bool:
    """Whether spaCy has a language of this code."""
    try:
        get_lang_class(text)
    # An AttributeError means a module of spacy.lang that is no language
    except (ImportError, AttributeError):
        return False
    return True


def languages() -> list[str]:
    """Return the codes of spaCy's languages."""
    return [module.name for module in pkgutil.iter_modules(spacy.lang.__path__) if module.ispkg]


def is_whole_number(text: str, *, low: int, high: float = float("inf")) -> bool:
    """Whether `text` is a whole number from `low` to `high`."""
    return re.fullmatch(r"-?\d+", text) is not None and low <= int(text) <= high


VARIABLES: Mapping[str, Variable] = {
    "name": Variable(
        "lower-case letters, digits and single underscores between them, such as 'job_ads'", is_package_name
    ),
    "version": Variable("a PEP 440 version in its normal form, such as '1.0.0' or '1.0.0rc1'", is_version),
    "lang": Variable("the code of a language in spaCy, such as 'en', or 'xx' for several", is_language, languages),
    "gpu_id": Variable("-1 for the CPU, or a GPU's number from 0", lambda text: is_whole_number(text, low=-1)),
    "seed": Variable(
        f"a whole number from 0 to {LARGEST_SEED}", lambda text: is_whole_number(text, low=0, high=LARGEST_SEED)
    ),
}


def check_variables(values: Mapping[str, str]) -> list[Finding]:
    """Find values (variable -> text) out of their allowed range. A variable that is not in `VARIABLES` may have any."""
    findings = []
    for name, text in values.items():
        variable = VARIABLES.get(name)
        if variable is not None and not variable.holds(text):
            hint = nearest(text, variable.suggestions())
            findings.append(error(Errors.S022.format(name=name, value=text, allowed=variable.allowed, nearest=hint)))
    package, lang = values.get("name", ""), values.get("lang", "")
    if lang and package.startswith(f"{lang}_"):
        findings.append(error(Errors.S023.format(name=package, lang=lang, rest=package.removeprefix(f"{lang}_"))))
    return findings


def check_language(lang: str, config_lang: str) -> list[Finding]:
    """Warn of a `vars.lang` that differs from the [nlp] lang of the config, which it takes the place of."""
    return [] if lang == config_lang else [warning(Errors.S024.format(lang=lang, config_lang=config_lang))]


def check_gpu(gpu_id: str) -> list[Finding]:
    """Find that torch, which runs the models, or cupy, which spaCy needs beside it, does not see the GPU."""
    if not is_whole_number(gpu_id, low=0):
        return []
    found = visible_gpus()
    if all(int(gpu_id) < gpus for gpus in found.values()):
        return []
    seen = ", ".join(f"{library} sees {gpus or 'none'}" for library, gpus in found.items())
    return [error(Errors.S025.format(gpu_id=gpu_id, seen=seen))]


def visible_gpus() -> dict[str, int]:
    """Return how many GPUs torch and cupy see."""
    import torch
    from thinc.compat import cupy, has_cupy_gpu

    return {
        "torch": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "cupy": cupy.cuda.runtime.getDeviceCount() if has_cupy_gpu else 0,
    }
