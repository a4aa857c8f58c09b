"""Objects as recordings show them: cut lists, and copies where only a number is known."""

import re
from typing import Any

ROOT = "YraijDlI7dA"
UNKNOWN = "WPwdJQcfN5c"
DEFAULTS = {
    "categoryOptions": "xYerKDKCefk",
    "categories": "GLevLNI9wkl",
    "categoryCombos": "bjDvmb4bfuf",
    "categoryOptionCombos": "HllvX50cXC0",
}
_CUT = re.compile(r"\.\.\. \d+ more of \d+")

Body = dict[str, Any]


def is_cut(item: Any) -> bool:
    """Whether an item of a recorded list stands for the rest of it."""
    return isinstance(item, str) and _CUT.fullmatch(item) is not None


def drop_cuts(value: Any) -> Any:
    """A recorded body without the texts that stand for cut items."""
    if isinstance(value, dict):
        return {name: drop_cuts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [drop_cuts(item) for item in value if not is_cut(item)]
    return value


def copy_object(known: dict[str, Body], uid: str) -> Body:
    """Another object like the first of its class, behind all others in the order of names."""
    template = next((body for body in known.values() if body["id"] not in DEFAULTS.values()), {})
    unshared = ("code", "dataSetElements", "programStages")
    copy = {name: value for name, value in template.items() if name not in unshared}
    return copy | {"id": uid, "name": f"zz {uid}"}
