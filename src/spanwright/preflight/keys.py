"""Names in a training config that nothing reads: spaCy passes over them in silence, or refuses them late."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catalogue import RegistryError
from spacy import registry
from spacy.language import DEFAULT_CONFIG, Language
from spacy.util import CONFIG_SECTION_ORDER
from thinc.api import Config

from spanwright.errors import Errors
from spanwright.preflight.findings import Finding, error, nearest, warning

# Sections that hold values for others to refer to. Every other section of spaCy's has a fixed set of keys.
VALUE_SECTIONS = frozenset({"paths", "variables", "system"})
# Scores that every pipeline has, whatever its components
COMMON_SCORES = frozenset({"token_acc", "token_p", "token_r", "token_f", "speed"})


def check_keys(base: Config, filled: Config, path: Path) -> list[Finding]:
    """Find names in `base`, the config at `path`, that mean nothing in what `spacy init fill-config` made of it.

    Neither config is interpolated.
    """
    return [
        *dropped_keys(base, filled, path),
        *unknown_arguments(filled, path),
        *unused_values(base, filled, path),
        *unknown_scores(base, filled, path),
    ]


def dropped_keys(
    base: Mapping[str, Any], filled: Mapping[str, Any], path: Path, section: tuple[str, ...] = ()
) -> Iterator[Finding]:
    """Find what `spacy init fill-config` left out. A section that is gone counts once, not once per key."""
    for key, value in base.items():
        place = (*section, key)
        if key in filled:
            if isinstance(value, dict) and isinstance(filled[key], dict):
                yield from dropped_keys(value, filled[key], path, place)
        elif section == ("components",):
            yield error(Errors.S013.format(path=path, component=key, nearest=nearest(key, filled)))
        elif isinstance(value, dict):
            siblings = (".".join((*section, name)) for name, held in filled.items() if isinstance(held, dict))
            name = ".".join(place)
            yield error(Errors.S014.format(path=path, section=name, nearest=nearest(name, siblings)))
        else:
            yield error(Errors.S012.format(path=path, section=".".join(section), key=key, nearest=nearest(key, filled)))


def unknown_arguments(filled: Mapping[str, Any], path: Path, section: tuple[str, ...] = ()) -> Iterator[Finding]:
    """Find arguments that a registered function (`@optimizers = "Adam.v1"`) does not take."""
    for key, value in filled.items():
        if isinstance(value, dict):
            yield from unknown_arguments(value, path, (*section, key))
    reference = next(((key[1:], name) for key, name in filled.items() if key.startswith("@")), None)
    if reference is None:
        return
    try:
        parameters = inspect.signature(registry.get(*reference)).parameters
    except RegistryError:
        kind, name = reference
        known = getattr(registry, kind).get_all() if hasattr(registry, kind) else {}
        place = ".".join(section)
        yield error(Errors.S049.format(path=path, section=place, kind=kind, name=name, nearest=nearest(name, known)))
        return
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    for key in filled:
        # `@` names the function itself and `*` its positional arguments
        if key[0] not in "@*" and key not in parameters:
            function = next(value for name, value in filled.items() if name.startswith("@"))
            place, hint = ".".join(section), nearest(key, parameters)
            yield error(Errors.S015.format(path=path, section=place, key=key, function=function, nearest=hint))


def unused_values(base: Config, filled: Config, path: Path) -> Iterator[Finding]:
    """Find values under [paths], [system], [variables] or a section of one's own that no `${...}` refers to."""
    found = re.findall(r"\$\{([^}]+)\}", filled.to_str(interpolate=False))
    referred = {name.replace(":", ".") for name in found}  # both mean the same
    for section in base:
        if section in CONFIG_SECTION_ORDER and section not in VALUE_SECTIONS:
            continue
        standard = set(DEFAULT_CONFIG.get(section, {}))
        if section not in CONFIG_SECTION_ORDER and not any(name.split(".")[0] == section for name in referred):
            hint = nearest(section, CONFIG_SECTION_ORDER)
            yield error(Errors.S014.format(path=path, section=section, nearest=hint))
            continue
        for key in base[section]:
            used = section in referred or any(f"{name}.".startswith(f"{section}.{key}.") for name in referred)
            if not used and key not in standard:
                hint = nearest(key, {*standard, *filled[section]} - {key})
                yield error(Errors.S016.format(path=path, section=section, key=key, nearest=hint))


def unknown_scores(base: Config, filled: Config, path: Path) -> Iterator[Finding]:
    """Find names in [training.score_weights] that no component of the pipeline is known to give."""
    if not all("factory" in component for component in filled["components"].values()):
        # A sourced component does not say here what it scores
        return
    # spaCy registers its factories when a Language is made
    language = Language()
    known = set(COMMON_SCORES)
    for component in filled["components"].values():
        if language.has_factory(component["factory"]):
            weights = language.get_factory_meta(component["factory"]).default_score_weights
            # spancat's scores have the key of its spans in their names
            scores = [score.replace("spans_sc_", f"spans_{component.get('spans_key', 'sc')}_") for score in weights]
            # Two classifiers of a pipeline need scores of different names
            scorer = component.get("scorer")
            prefix = scorer.get("prefix", "cats") if isinstance(scorer, dict) else "cats"
            known.update(scores, (score.replace("cats", prefix, 1) for score in scores))
    for score in base.get("training", {}).get("score_weights", {}):
        if score not in known:
            yield warning(Errors.S017.format(path=path, score=score, nearest=nearest(score, known)))
