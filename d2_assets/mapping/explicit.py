"""The pair's own table of matches: a CSV file in which a person says what is what.

::

    class,source,destination,note
    dataElements,fbfJHSPpUQD,cYeuwXTCPkU,renamed in 2024
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from d2_assets.errors import ConfigurationError
from d2_assets.identifiers import is_uid

COLUMNS = ("class", "source", "destination")


def read_explicit(path: Path) -> Mapping[str, Mapping[str, str]]:
    """UIDs of the destination, by class (plural, "dataElements") and UID of the source.

    Further columns are for people. ConfigurationError names file, line and column.
    """
    found: dict[str, dict[str, str]] = {}
    for line, row in _read_rows(path):
        plural, source, destination = (row[name] for name in COLUMNS)
        for column, text in (("source", source), ("destination", destination)):
            if not is_uid(text):
                raise _mistake(path, line, column, f"{text!r} is not a DHIS2 UID")
        if not plural.isidentifier():
            raise _mistake(path, line, "class", f"{plural!r} is not a class such as dataElements")
        of_class = found.setdefault(plural, {})
        if of_class.get(source, destination) != destination:
            raise _mistake(
                path, line, "destination", f"{source} is said to be {of_class[source]} further up"
            )
        of_class[source] = destination
    return found


def _read_rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise _mistake(path, 1, missing[0], "the column is missing")
            for row in reader:
                cells = {name: (row[name] or "").strip() for name in COLUMNS}
                if any(cells.values()):
                    yield reader.line_num, cells
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"The table of matches {path} cannot be read: {words}.",
            remedy="Give the path of a CSV file in UTF-8 as metadata.crosswalk of the pair.",
            file=str(path),
            key="metadata.crosswalk",
        ) from error


def _mistake(path: Path, line: int, column: str, words: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path}, line {line}, column {column}: {words}.",
        remedy=f"Mend that line; the columns are {','.join(COLUMNS)} and whatever else you like.",
        file=str(path),
        key="metadata.crosswalk",
    )
