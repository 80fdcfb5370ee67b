"""Settings of a config: those that belong to it and not to saved weights, and the check of their values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from spacy.pipeline import TrainablePipe
from thinc.config import Config
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
    undoes: ClassVar[Mapping[str, str]] = {}  # settings, and what was learnt for them and is void when they change

    def remember_config(self) -> None:
        """Keep what the config says; for the end of `__init__`.

        Raises SpanwrightError for names and texts that a config file would not give back as they are.
        """
        for setting, value in self.cfg.items():
            for key, of in value.items() if isinstance(value, dict) else ():
                allowed = "no '${' in it; a name with no ':' or '=', and not beginning with '#', ';', '[' or a space"
                check_setting(self.name, setting, {key: of}, _survives({key: of}), allowed)
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
        # spaCy doubles a $ each time that it saves a config
        doubled = json.loads(self.cfg[CONFIGURED].replace("$", "$$"), parse_float=_rounded)
        changed = [name for name in given if name in known and given[name] not in (saved[name], doubled[name])]
        self.cfg.update({name: given[name] for name in changed})
        self.cfg.update({self.undoes[name]: {} for name in changed if name in self.undoes})
        self.cfg[CONFIGURED] = own


def _survives(value: dict[str, Any]) -> bool:
    """Whether a config file gives back a mapping as it is."""
    try:
        return Config().from_str(Config({"section": {"setting": value}}).to_str())["section"]["setting"] == value
    except ValueError:
        return False


def _rounded(number: str) -> float:
    return round(float(number), 12)


def check_setting(place: str, setting: str, value: Any, is_allowed: bool, allowed: str) -> None:
    """Raise SpanwrightError that names the setting, below `components` in the config, unless its value is allowed."""
    if not is_allowed:
        raise SpanwrightError(Errors.S280.format(setting=f"{place}.{setting}", found=value, allowed=allowed))
