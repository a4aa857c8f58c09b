"""After a lost answer the destination is asked which of the rows it holds."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from d2_assets.data_values.content import KEY
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.data_values import DataValueQuery, read_data_value_batches

Row = Mapping[str, Any]
_Key = tuple[str, ...]

#: Org units and periods named in one request: keeps the URL well below 8 kB.
_NAMES_A_REQUEST = 100

_TRUE = frozenset({"true", "t", "1"})
_FALSE = frozenset({"false", "f", "0"})


def find_missing_values(
    client: DHIS2Client, data_set: str, rows: Sequence[Row], *, deleted: bool, scratch: Path
) -> list[Row]:
    """Those of the rows that the destination does not hold as sent (or, deleted, still holds)."""
    found = dict(_read_back(client, data_set, rows, scratch))
    return [row for row in rows if not _has_landed(row, found.get(_key(row)), deleted)]


def _read_back(
    client: DHIS2Client, data_set: str, rows: Sequence[Row], scratch: Path
) -> Iterator[tuple[_Key, Row]]:
    wanted = {_key(row) for row in rows}
    org_units = sorted({row["org_unit"] for row in rows})
    periods = sorted({row["period"] for row in rows})
    for query in _queries(data_set, periods, org_units):
        client.download_data_values(query, scratch)
        try:
            for batch in read_data_value_batches(scratch):
                for row in batch.to_pylist():
                    if _key(row) in wanted:
                        yield _key(row), row
        finally:
            scratch.unlink(missing_ok=True)


def _queries(
    data_set: str, periods: Sequence[str], org_units: Sequence[str]
) -> Iterator[DataValueQuery]:
    for first_period in range(0, len(periods), _NAMES_A_REQUEST):
        for first_unit in range(0, len(org_units), _NAMES_A_REQUEST):
            yield DataValueQuery(
                data_set=data_set,
                periods=tuple(periods[first_period : first_period + _NAMES_A_REQUEST]),
                org_units=tuple(org_units[first_unit : first_unit + _NAMES_A_REQUEST]),
                children=False,
            )


def _has_landed(row: Row, found: Row | None, deleted: bool) -> bool:
    if deleted:
        return found is None or found["deleted"]
    return (
        found is not None
        and not found["deleted"]
        and _is_same_value(row["value"], found["value"])
        and (row["comment"] or "") == (found["comment"] or "")
        and bool(row["followup"]) == found["followup"]
    )


def _is_same_value(sent: str | None, found: str | None) -> bool:
    """Equal, or two ways to write the same boolean: servers store "1" of a boolean as "true"."""
    left, right = sent or "", found or ""
    return left == right or (
        {left.lower(), right.lower()} <= _TRUE or {left.lower(), right.lower()} <= _FALSE
    )


def _key(row: Row) -> _Key:
    return tuple(row[name] for name in KEY)
