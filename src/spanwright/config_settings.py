"""Settings of a config: those that belong to it and not to saved weights, and the check of their values."""

from __future__ import annotations

from typing import Any

from thinc.model import Model, deserialize_attr, serialize_attr

from spanwright.errors import Errors, SpanwrightError


class ConfigSettings(dict[str, Any]):
    """What a model's config says of how it runs, as an attribute of the model.

    thinc saves attributes with a model and puts them in place of the config's when it is loaded. These it leaves alone, so that a
    pipeline can be loaded with other settings than it was trained with: `spacy.load(path, config={...})`.
    """


@serialize_attr.register(ConfigSettings)
def _serialize(_: ConfigSettings, value: ConfigSettings, name: str, model: Model[Any, Any]) -> bytes:
    return b""


@deserialize_attr.register(ConfigSettings)
def _deserialize(own: ConfigSettings, saved: bytes, name: str, model: Model[Any, Any]) -> ConfigSettings:
    return own


def check_setting(place: str, setting: str, value: Any, is_allowed: bool, allowed: str) -> None:
    """Raise SpanwrightError that names the setting, below `components` in the config, unless its value is allowed."""
    if not is_allowed:
        raise SpanwrightError(Errors.S280.format(setting=f"{place}.{setting}", found=value, allowed=allowed))
