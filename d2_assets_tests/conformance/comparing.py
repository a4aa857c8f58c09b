"""Whether an answer equals the recorded one.

UIDs made by the server, times, sizes and the environment are compared by shape, everything else by
value. Lists that were cut in the recording are compared item by item, by shape.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from d2_assets_tests.conformance.playing import Played
from d2_assets_tests.conformance.recorded_bodies import is_cut
from d2_assets_tests.recordings import Exchange

#: Members that no two servers share: times, new UIDs, what the machine and the program are.
_BY_SHAPE = frozenset({
    "id", "uid", "key", "created", "lastUpdated", "time", "serverDate", "date", "userAgent",
    "buildTime", "contextPath", "instanceBaseUrl", "jasperReportsVersion",
    "environmentVariable", "fileStoreProvider", "javaVersion", "javaVendor", "osName",
    "osArchitecture", "osVersion", "externalDirectory", "memoryInfo", "cpuCores",
    "encryption", "systemId", "systemName", "lastLogin", "passwordLastUpdated",
    "intervalSinceLastAnalyticsTableSuccess",
    "intervalSinceLastAnalyticsTablePartitionSuccess", "createdAt", "updatedAt", "completedAt",
    "storedAt",
})  # fmt: skip
#: Inside these members nothing is compared by value.
_FOREIGN = ("databaseInfo", "system")
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{3})(\+0000)?")
_HOST = re.compile(r"https?://[^/]+")
_MILLISECONDS = re.compile(r"\(\d{13}\)")
_JOB = re.compile(r"(?<=_IMPORT/)[A-Za-z]\w{10}|(?<=tracker/jobs/)\w{11}|(?<=_JOB \( )\w{11}")
_SECONDS = re.compile(r"took \d+\.\d+ sec|in \d+\.\d+ sec|^\d+\.\d+ sec")
#: The values of an enum, which servers list in no order.
_CONSTANTS = re.compile(r"(?<=Enum class: \[)[^]]+")
_ROW_KEY = ("dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo")


def compare(exchange: Exchange, played: Played, unpacked: Any = None) -> Iterator[str]:
    """Each difference of a whole answer; ``unpacked`` is the body that a plain gzip body holds."""
    if played.status != exchange.status:
        yield f"status: recorded {exchange.status}, given {played.status}: {played.content[:300]}"
    yield from _compare_headers(exchange.response["headers"], played.headers)
    if exchange.name == "dv-read-gzip-param":
        yield from _compare_hidden_gzip(unpacked, played)
    elif exchange.response.get("json") is not None:
        yield from find_differences(exchange.response["json"], played.body)
    elif (exchange.response.get("text") or "").lstrip().startswith("<"):
        if not re.match(rf"\s*<.*{exchange.status}", played.content.decode(), re.DOTALL):
            yield f"recorded an error page, given {played.content[:200]!r}"
    elif played.content:
        yield f"recorded an empty body, given {played.content[:200]!r}"


def _compare_headers(recorded: Mapping[str, str], given: Mapping[str, str]) -> Iterator[str]:
    left, right = (headers.get("content-type", "").split(";")[0] for headers in (recorded, given))
    if left != right:
        yield f"content-type: recorded {left!r}, given {right!r}"
    if ("location" in recorded) != ("location" in given):
        yield f"location: recorded {recorded.get('location')}, given {given.get('location')}"


def _compare_hidden_gzip(unpacked: Any, played: Played) -> Iterator[str]:
    """``compression=gzip`` is a gzip body without Content-Encoding: the children read, packed."""
    if not played.content.startswith(b"\x1f\x8b") or "content-encoding" in played.headers:
        yield f"no plain gzip body: {played.headers}, {played.content[:20]!r}"
        return
    yield from find_differences(unpacked, json.loads(gzip.decompress(played.content)))


def find_differences(
    recorded: Any, given: Any, *, by_shape: bool = False, path: str = "$"
) -> Iterator[str]:
    """Each difference as a sentence; nothing when the answers agree."""
    if isinstance(recorded, dict) and isinstance(given, dict):
        yield from _compare_members(recorded, given, by_shape, path)
    elif isinstance(recorded, list) and isinstance(given, list):
        yield from _compare_items(recorded, given, by_shape, path)
    elif _find_shape(recorded) != _find_shape(given) or (
        not by_shape and _settle(recorded) != _settle(given)
    ):
        yield f"{path}: recorded {recorded!r}, given {given!r}"


def _compare_members(
    recorded: dict[str, Any], given: dict[str, Any], by_shape: bool, path: str
) -> Iterator[str]:
    for name in sorted(recorded.keys() - given.keys()):
        yield f"{path}.{name}: recorded, not given"
    for name in sorted(given.keys() - recorded.keys()):
        yield f"{path}.{name}: given, not recorded"
    for name in recorded.keys() & given.keys():
        # Arguments of tracker errors are the server's objects, printed.
        is_printed = name == "args" and path.startswith("$.validationReport")
        if is_printed:
            continue
        shape_only = by_shape or name in _BY_SHAPE or name in _FOREIGN
        yield from find_differences(
            recorded[name], given[name], by_shape=shape_only, path=f"{path}.{name}"
        )


def _compare_items(
    recorded: list[Any], given: list[Any], by_shape: bool, path: str
) -> Iterator[str]:
    cut = any(is_cut(item) for item in recorded)
    recorded = [item for item in recorded if not is_cut(item)]
    if path.endswith(".dataValues"):
        recorded, given = _sort_rows(recorded), _sort_rows(given)
    elif path.endswith(".attributes"):
        given = _follow_attributes(recorded, given)
    elif path.endswith(".errorReports"):
        recorded, given = _sort_errors(recorded), _sort_errors(given)
    elif path.endswith((".schemas", ".properties")):
        recorded, given = _pair_described(recorded, given)
    elif path.endswith(".authorities"):
        recorded, given = sorted(recorded), sorted(given)
    same_size = len(recorded) == len(given) or cut or by_shape
    if bool(recorded) != bool(given) or not same_size:
        yield f"{path}: recorded {len(recorded)} items, given {len(given)}"
    for index, (left, right) in enumerate(zip(recorded, given, strict=False)):
        yield from find_differences(left, right, by_shape=by_shape or cut, path=f"{path}[{index}]")


def _sort_rows(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: [str(row.get(name)) for name in _ROW_KEY])


def _follow_attributes(recorded: list[Any], given: list[Any]) -> list[Any]:
    """The given attributes in the recorded order: servers list them in none."""
    places = {one.get("attribute"): place for place, one in enumerate(recorded)}
    return sorted(given, key=lambda one: places.get(one.get("attribute"), len(places)))


def _sort_errors(errors: list[Any]) -> list[Any]:
    """Errors of one object: the server's order is that of a hash map."""
    return sorted(errors, key=lambda one: (one["errorCode"], one.get("errorProperty", "")))


def _pair_described(recorded: list[Any], given: list[Any]) -> tuple[list[Any], list[Any]]:
    """Descriptions of classes or members in one order; the sandbox has the owned members only."""
    owned = [one for one in recorded if one.get("owner", True) or one.get("required")]
    sides = []
    for side in (owned, given):
        by_name = {(one.get("klass") if "plural" in one else one["name"]): one for one in side}
        sides.append([_drop_bounds(by_name[name]) for name in sorted(by_name)])
    return sides[0], sides[1]


def _drop_bounds(described: dict[str, Any]) -> dict[str, Any]:
    """Without the least value of a decimal number, which differs for no reason in the table."""
    dropped = {"min"} if described.get("propertyType") == "NUMBER" else set[str]()
    return {name: value for name, value in described.items() if name not in dropped}


def _find_shape(value: Any) -> str:
    """The kind of a plain value; times by their resolution, so that .000 is told from .229."""
    if isinstance(value, str):
        stamp = _STAMP.fullmatch(value)
        return f"time{stamp[2] or ''}" if stamp else "text"
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__


def _settle(value: Any) -> Any:
    """A value without the parts that differ between any two servers."""
    if not isinstance(value, str):
        return value
    value = _HOST.sub("https://host", _SECONDS.sub("took", value))
    value = _CONSTANTS.sub(lambda found: ", ".join(sorted(found[0].split(", "))), value)
    return _JOB.sub("JOB", _MILLISECONDS.sub("(ms)", value))
