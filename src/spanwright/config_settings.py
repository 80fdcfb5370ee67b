"""Settings of a config: those that belong to it and not to saved weights, and the check of their values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from spacy.pipeline import TrainablePipe
from thinc.model import Model, deserialize_attr, serialize_attr

from spanwright.errors import Errors, SpanwrightError

CONFIGURED = "configured"  # the key in `cfg` of what it held at first, as JSON
P = TypeVar("P", bound="ConfiguredPipe")


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


class ConfiguredPipe(TrainablePipe):
    """A component that is loaded with its saved `cfg`, but for settings that its config has changed since it was saved.

    spaCy lets what was saved win, so that `spacy.load(path, config={...})` would change nothing. What is learnt, or set in `cfg`
    from Python, is kept.
    """

    cfg: dict[str, Any]
    fixed: ClassVar[frozenset[str]] = frozenset()  # settings that the weights were trained to, always as saved

    def remember_config(self) -> None:
        """Keep what the config says; for the end of `__init__`."""
        self.cfg[CONFIGURED] = json.dumps(self.cfg)

    def from_disk(self: P, path: str | Path, *, exclude: Iterable[str] = ()) -> P:
        own = self.cfg[CONFIGURED]
        super().from_disk(path, exclude=exclude)
        self._prefer(own)
        return self

    def from_bytes(self: P, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> P:
        own = self.cfg[CONFIGURED]
        super().from_bytes(bytes_data, exclude=exclude)
        self._prefer(own)
        return self

    def _prefer(self, own: str) -> None:
        # the JSON of a saved config may be off in the last digit
        given, saved = (json.loads(text, parse_float=_rounded) for text in (own, self.cfg[CONFIGURED]))
        known = saved.keys() - self.fixed
        self.cfg.update({name: value for name, value in given.items() if name in known and saved[name] != value})
        self.cfg[CONFIGURED] = own


def _rounded(number: str) -> float:
    return round(float(number), 12)


def check_setting(place: str, setting: str, value: Any, is_allowed: bool, allowed: str) -> None:
    """Raise SpanwrightError that names the setting, below `components` in the config, unless its value is allowed."""
    if not is_allowed:
        raise SpanwrightError(Errors.S280.format(setting=f"{place}.{setting}", found=value, allowed=allowed))
