"""What is wrong in the settings file, in words: where it stands, what it is, and the mend.

All mistakes of a file are told at once, because a person who mends them one run at a time gives
up. No message shows a value that may be a secret.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails, PydanticCustomError

from d2_assets.errors import ConfigurationError

KeyPath = tuple[str | int, ...]

SECRET_MEND = (
    "Secrets are named, not stored: use {key}_env with the name of an environment variable, "
    "or {key}_file with the path of a file that holds it."
)
_LITERAL_SECRETS = {"password", "token"}
_TLS_SWITCHES = ("verify", "verification", "insecure", "ssl", "tls")
_AUTH_TAGS = {"basic", "token"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend: ``what`` is wrong at ``path``. ``line`` counts from 1; 0 is unknown."""

    path: KeyPath
    what: str
    mend: str
    line: int = 0

    @property
    def key(self) -> str:
        return format_key(self.path)

    @property
    def place(self) -> str:
        """``line 12, pairs[2].filters.pull_level``, as far as it is known."""
        return ", ".join(part for part in (self.line and f"line {self.line}", self.key) if part)


def format_key(path: KeyPath) -> str:
    """``("pairs", 2, "filters")`` as ``pairs[2].filters``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def refuse(what: str, mend: str) -> PydanticCustomError:
    """The error a validator of the models raises; both sentences reach the reader as they are."""
    return PydanticCustomError("rule", "{what}", {"what": what, "mend": mend})


def settings_error(
    file: Path, mistakes: Sequence[Mistake], *, also: str = ""
) -> ConfigurationError:
    """All mistakes as one ConfigurationError; ``also`` is a sentence to end the mend with."""
    if len(mistakes) == 1:
        (one,) = mistakes
        place = ", ".join(part for part in (str(file), one.place) if part)
        mend = f"{one.mend} {also}".strip()
        return ConfigurationError(f"{place}: {one.what}", remedy=mend, file=str(file), key=one.key)
    lines = [f"{len(mistakes)} mistakes in {file}:"]
    for one in mistakes:
        place = f"{one.place}: " if one.place else ""
        lines.append(f"  - {place}{one.what} {one.mend}")
    return ConfigurationError("\n".join(lines) + "\n", remedy=also, file=str(file))


def word_error(error: ErrorDetails, above: KeyPath, known_keys: Collection[str]) -> Mistake:
    """A finding of pydantic below the key path ``above``, in the words of this product."""
    path = above + _without_tags(error["loc"])
    what, mend = _words(error, str(path[-1]) if path else "", known_keys)
    return Mistake(path, what, mend)


def _without_tags(loc: tuple[int | str, ...]) -> KeyPath:
    # pydantic names the chosen kind of auth in the path, where the file has no such key
    return tuple(
        part
        for place, part in enumerate(loc)
        if not (place and loc[place - 1] == "auth" and part in _AUTH_TAGS)
    )


def _words(error: ErrorDetails, key: str, known_keys: Collection[str]) -> tuple[str, str]:
    context: dict[str, Any] = error.get("ctx", {})
    kind = error["type"]
    if kind == "rule":
        return context["what"], context["mend"]
    if kind == "missing":
        return f"{key} is missing.", f"Add `{key}:`."
    if kind == "extra_forbidden":
        return _words_for_unknown_key(key, known_keys)
    if kind == "literal_error":
        return f"{_shown(error)} is not known here.", f"Use one of {context['expected']}."
    if kind.startswith(("greater_than", "less_than")):
        return f"{_shown(error)} is out of range.", _sentence(error["msg"])
    if kind.startswith(("model", "dict")):
        return "This must be a group of keys.", f"Write `{key}:` with `key: value` lines below it."
    if kind in {"tuple_type", "list_type"}:
        return f"{_shown(error)} is not a list.", f"Write it as a list: `{key}: [one, two]`."
    if kind == "string_type":
        return f"{_shown(error)} is not text.", 'Write it in quotes: `"..."`.'
    if kind.startswith("date"):
        return f"{_shown(error)} is not a date.", "Write it as year-month-day, like 2024-01-31."
    return f"{_shown(error)} does not fit.", _sentence(error["msg"])


def _words_for_unknown_key(key: str, known_keys: Collection[str]) -> tuple[str, str]:
    if key in _LITERAL_SECRETS:
        return f"A {key} stands in the file.", SECRET_MEND.format(key=key)
    if any(word in key.lower() for word in _TLS_SWITCHES):
        return (
            f"The key {key} is not known here: TLS verification cannot be turned off.",
            "For a server with a certificate of its own use ca_file, the path of its certificate "
            "authority (PEM).",
        )
    close = get_close_matches(key, known_keys, n=1)
    mend = f"Did you mean `{close[0]}`?" if close else "Remove it, or see the example settings."
    return f"The key {key} is not known here.", mend


def _shown(error: ErrorDetails) -> str:
    value = error["input"]
    if value is None:
        return "Nothing"
    # what stands below auth may be a secret in the wrong place
    if "auth" in error["loc"] or not isinstance(value, str | int | float) or len(str(value)) > 60:
        return "The value"
    return repr(value)


def _sentence(message: str) -> str:
    return message.replace("Input should", "It must").rstrip(".") + "."
