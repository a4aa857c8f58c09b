"""From the settings file to ``Settings``: all of its mistakes are found before one is raised."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from d2_assets.settings.authentication import BasicAuth, TokenAuth
from d2_assets.settings.automation import (
    ChangeSettings,
    RetrySettings,
    ScheduleSettings,
    SweepSettings,
)
from d2_assets.settings.document import SettingsDocument, parse_document, read_text
from d2_assets.settings.fields import SettingsModel
from d2_assets.settings.metadata import MetadataSettings
from d2_assets.settings.mistakes import KeyPath, Mistake, settings_error, word_error
from d2_assets.settings.models import (
    Conflicts,
    Deletes,
    Filters,
    Instance,
    Pair,
    Settings,
    SettingsFile,
)
from d2_assets.settings.rules import find_mistakes_across

#: Instances and pairs of the sandbox, so that a first run needs no settings.
SANDBOX_FILE = Path(__file__).resolve().parent.parent / "sandbox" / "instances.yaml"

_KNOWN_KEYS = frozenset(
    key
    for model in (
        SettingsFile,
        Instance,
        BasicAuth,
        TokenAuth,
        Pair,
        Filters,
        Deletes,
        Conflicts,
        MetadataSettings,
        ChangeSettings,
        ScheduleSettings,
        SweepSettings,
        RetrySettings,
    )
    for key in model.model_fields
)
_Parsed = TypeVar("_Parsed", bound=SettingsModel)


def find_settings_file(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """``path``, else the file that D2_ASSETS_CONFIG names, else the sandbox's; absolute."""
    named = environ.get("D2_ASSETS_CONFIG")
    return (path or (Path(named) if named else SANDBOX_FILE)).expanduser().absolute()


def load_settings(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of ``find_settings_file``; D2_ASSETS_HOME wins over their ``home``.

    ConfigurationError with every mistake of the file: place, what is wrong, and the mend.
    """
    file = find_settings_file(path, environ)
    settings = parse_settings(read_text(file), file)
    home = Path(environ.get("D2_ASSETS_HOME") or settings.home).expanduser()
    return settings.model_copy(update={"home": home})


def parse_settings(text: str, file: Path) -> Settings:
    """The settings that ``text`` gives; ``file`` is where it lies, or will lie."""
    document = parse_document(text, file)
    settings, mistakes = validate(document, file)
    if settings is None:
        raise settings_error(file, mistakes)
    return settings


def validate(document: SettingsDocument, file: Path) -> tuple[Settings | None, list[Mistake]]:
    """The settings of a document, or None and every mistake in the order of the file."""
    mistakes: list[Mistake] = []
    data = document.data
    instances = _validate_list(Instance, data, "instances", mistakes)
    pairs = _validate_list(Pair, data, "pairs", mistakes)
    mistakes.extend(find_mistakes_across(instances, pairs, _names(data.get("instances"))))
    parts = {"instances": tuple(instances.values()), "pairs": tuple(pairs.values())}
    whole = _validate_one(SettingsFile, {**data, **parts}, (), mistakes)
    if mistakes or whole is None:
        placed = [replace(one, line=document.line_of(one.path)) for one in mistakes]
        return None, sorted(placed, key=lambda one: one.line)
    return Settings(file=file, **dict(whole)), []


def _validate_list(
    model: type[_Parsed], data: Mapping[Any, Any], section: str, mistakes: list[Mistake]
) -> dict[int, _Parsed]:
    """The valid items of a top list, by their place in it."""
    items = data.get(section)
    if items is None:
        return {}
    if not isinstance(items, list):
        mend = "Begin each with a dash: `- name: ...`."
        mistakes.append(Mistake((section,), f"{section} must be a list.", mend))
        return {}
    parsed = (
        (place, _validate_one(model, item, (section, place), mistakes))
        for place, item in enumerate(items)
    )
    return {place: item for place, item in parsed if item is not None}


def _validate_one(
    model: type[_Parsed], data: Any, above: KeyPath, mistakes: list[Mistake]
) -> _Parsed | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        mistakes.extend(word_error(found, above, _KNOWN_KEYS) for found in error.errors())
        return None


def _names(items: Any) -> set[str]:
    found = items if isinstance(items, list) else []
    return {str(item.get("name")) for item in found if isinstance(item, dict)}
