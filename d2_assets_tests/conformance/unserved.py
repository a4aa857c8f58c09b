"""Recorded exchanges that the sandbox does not serve, each with its reason.

A name may end in ``*``. What is not listed here must be served.
"""

from fnmatch import fnmatchcase

UNSERVED = {
    "list-dataElementOperands": "operands are pairs without an id of their own; nothing reads them",
    "resource-tables-analytics": "the sandbox has no analytics",
}


def find_reason(name: str) -> str | None:
    """Why an exchange is not served; None for one that is."""
    for pattern, reason in UNSERVED.items():
        if fnmatchcase(name, pattern):
            return reason
    return None
