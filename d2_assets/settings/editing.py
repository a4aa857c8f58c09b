"""Adding and removing instances and pairs in the file, with its comments and order kept.

An edit adds or takes away whole lines and leaves every other line as it was. What comes of it is
validated before it is written, under a temporary name that is then renamed: never half of it.
"""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, Node

from d2_assets.errors import ConfigurationError
from d2_assets.settings.document import SettingsDocument, parse_document, read_text
from d2_assets.settings.loading import SANDBOX_FILE, parse_settings, validate
from d2_assets.settings.mistakes import settings_error
from d2_assets.settings.models import Settings

_UNCHANGED = "The file is unchanged."


def add_instance(file: Path, instance: Mapping[str, Any]) -> Settings:
    """Add an instance, written as in the file; one that does not fit leaves the file unchanged.

    A file that is not there yet is begun with it.
    """
    document, _ = _read(file, new=True)
    return _write(file, _with_item(document, file, "instances", instance))


def add_pair(file: Path, pair: Mapping[str, Any]) -> Settings:
    """Add a pair, written as in the file; one that does not fit leaves the file unchanged."""
    document, _ = _read(file)
    return _write(file, _with_item(document, file, "pairs", pair))


def remove_instance(file: Path, name: str) -> Settings:
    """Remove an instance; refused while pairs use it. Comments around it stay."""
    document, settings = _read(file)
    place = settings.instances.index(settings.instance(name))
    users = [pair.name for pair in settings.pairs if name in (pair.source, pair.destination)]
    if users:
        raise ConfigurationError(
            f"Instance {name} is used by {', '.join(users)} in {file}. {_UNCHANGED}",
            remedy="Remove these pairs first, or set the instance to active: false.",
            file=str(file),
        )
    return _write(file, _without_item(document, file, "instances", place))


def remove_pair(file: Path, name: str) -> Settings:
    """Remove a pair. Comments around it stay."""
    document, settings = _read(file)
    place = settings.pairs.index(settings.pair(name))
    return _write(file, _without_item(document, file, "pairs", place))


def _read(file: Path, *, new: bool = False) -> tuple[SettingsDocument, Settings]:
    if file == SANDBOX_FILE:
        raise ConfigurationError(
            f"{file} belongs to the sandbox and is not edited.",
            remedy="Set D2_ASSETS_CONFIG, or give --config, with the path of your own file.",
            file=str(file),
        )
    text = "" if new and not file.exists() else read_text(file)
    if text and not text.endswith("\n"):
        text += "\n"  # so that every line can be moved whole
    return parse_document(text, file), parse_settings(text, file)


def _with_item(
    document: SettingsDocument, file: Path, section: str, item: Mapping[str, Any]
) -> str:
    lines = document.text.splitlines(keepends=True)
    entry = document.entry(section)
    if entry is None:
        return "".join([*lines, "\n" if lines else "", f"{section}:\n", *_render(item, 2)])
    key, value = entry
    if not value.value:
        # `pairs:` and `pairs: []` alike become the head of a list of lines
        head = key.start_mark.line
        lines[head] = re.sub(r"\[\s*\]", "", lines[head], count=1).rstrip() + "\n"
        return "".join([*lines[: head + 1], *_render(item, 2), *lines[head + 1 :]])
    _refuse_flow_style(value, file, section)
    _, end = _span(value.value[-1], lines)
    return "".join([*lines[:end], *_render(item, value.start_mark.column), *lines[end:]])


def _without_item(document: SettingsDocument, file: Path, section: str, place: int) -> str:
    entry = document.entry(section)
    if entry is None:
        raise KeyError(section)
    key, value = entry
    _refuse_flow_style(value, file, section)
    lines = document.text.splitlines(keepends=True)
    start, end = _span(value.value[place], lines)
    if len(value.value) == 1:
        head = key.start_mark.line
        lines[head] = lines[head].replace(":", ": []", 1)
    return "".join([*lines[:start], *lines[end:]])


def _span(item: Node, lines: list[str]) -> tuple[int, int]:
    """The first line of a list item and the line after its last, counted from 0.

    Blank lines and comments behind an item are not its own. A block ends where the next token
    begins, a `{ }` on the line of its bracket.
    """
    start, end = item.start_mark.line, item.end_mark.line + _is_flow(item)
    while not lines[start].lstrip().startswith("-"):
        start -= 1
    while not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#"):
        end -= 1
    return start, end


def _render(item: Mapping[str, Any], indent: int) -> list[str]:
    """The item as lines of a YAML list whose dashes stand in column ``indent``."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    out = StringIO()
    yaml.dump([dict(item)], out)
    return [" " * indent + line for line in out.getvalue().splitlines(keepends=True)]


def _is_flow(node: Node) -> bool:
    return isinstance(node, CollectionNode) and bool(node.flow_style)


def _refuse_flow_style(value: Node, file: Path, section: str) -> None:
    if _is_flow(value):
        raise ConfigurationError(
            f"{file}, {section}: the list is written in [ ], which cannot be edited by command.",
            remedy="Write one item below the other, each beginning with a dash.",
            file=str(file),
            key=section,
        )


def _write(file: Path, text: str) -> Settings:
    settings, mistakes = validate(parse_document(text, file), file)
    if settings is None:
        # lines of a text that is thrown away would mislead
        unplaced = [replace(mistake, line=0) for mistake in mistakes]
        raise settings_error(file, unplaced, also=_UNCHANGED)
    try:
        _replace_file(file.resolve(), text)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written: {error.strerror}. {_UNCHANGED}",
            remedy="Give a path in a folder that exists and that this account may write to.",
            file=str(file),
        ) from error
    return settings


def _replace_file(file: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(file.stat().st_mode if file.exists() else 0o644)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
