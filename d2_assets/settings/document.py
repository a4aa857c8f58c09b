"""The settings file as YAML text: its data, and the line on which each of its keys stands.

The text is parsed into nodes and into plain data side by side. Nodes carry places, which mistakes
name and edits use; so an edit touches its own lines and no others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from d2_assets.settings.mistakes import KeyPath, Mistake, settings_error


@dataclass(frozen=True, slots=True)
class SettingsDocument:
    """One settings text: ``data`` is its top mapping, ``root`` the same as nodes with places."""

    text: str
    data: dict[Any, Any]
    root: MappingNode | None

    def line_of(self, path: KeyPath) -> int:
        """The line (from 1) of a key path, or of the nearest key above it that exists; else 0."""
        line = 0
        node: Node | None = self.root
        for part in path:
            found = _step(node, part)
            if found is None:
                break
            line, node = found
        return line

    def entry(self, key: str) -> tuple[Node, Node] | None:
        """The key node and the value node of a top key."""
        pairs = self.root.value if self.root else []
        return next(((name, value) for name, value in pairs if name.value == key), None)


def read_text(file: Path) -> str:
    """The text of the settings file; ConfigurationError where it is missing or unreadable."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        what = "The settings file is not there."
        mend = "Set D2_ASSETS_CONFIG to your file; config/d2_assets.example.yaml shows one."
    except UnicodeDecodeError:
        what, mend = "The settings file is not UTF-8 text.", "Save it as UTF-8."
    except OSError as error:
        what = f"The settings file cannot be read: {error.strerror}."
        mend = "Give the path of a file that this account may read."
    raise settings_error(file, [Mistake((), what, mend)]) from None


def parse_document(text: str, file: Path) -> SettingsDocument:
    """The text as data and nodes; ConfigurationError naming ``file`` where it is not YAML."""
    try:
        root = _new_parser().compose(text)
        data = _new_parser().load(text)
    except DuplicateKeyError as error:
        # its own words go on to show both values
        what = f"This is not YAML: {str(error.problem).split(' with value')[0]}."
        mistake = Mistake((), what, "Keep one of the two.", _line_of(error))
        raise settings_error(file, [mistake]) from None
    except MarkedYAMLError as error:
        what = f"This is not YAML: {error.problem or error.context}."
        mend = "Check the indentation, the colons and the quotes there and on the line above."
        mistake = Mistake((), what, mend, _line_of(error))
        raise settings_error(file, [mistake]) from None
    except (YAMLError, ValueError) as error:
        what = f"This is not YAML: {str(error).splitlines()[0]}."
        raise settings_error(file, [Mistake((), what, "Remove it.")]) from None
    if data is None:
        return SettingsDocument(text, {}, None)
    if not isinstance(data, dict):
        what = "The file must be a group of keys."
        mend = "Begin it with `instances:` and `pairs:` at the start of a line."
        raise settings_error(file, [Mistake((), what, mend, 1)])
    return SettingsDocument(text, data, root)


def _line_of(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 0


class _Constructor(SafeConstructor):
    """Leaves dates as they are written: what is no date is then told with its line and key."""


_Constructor.add_constructor(
    "tag:yaml.org,2002:timestamp", lambda constructor, node: constructor.construct_scalar(node)
)


def _new_parser() -> YAML:
    parser = YAML(typ="safe", pure=True)
    parser.Constructor = _Constructor
    return parser


def _step(node: Node | None, part: str | int) -> tuple[int, Node] | None:
    return next(((line, child) for key, line, child in _children(node) if key == part), None)


def _children(node: Node | None) -> Iterator[tuple[str | int, int, Node]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield key.value, key.start_mark.line + 1, value
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value.start_mark.line + 1, value
