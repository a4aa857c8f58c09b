"""Downloaded data values as Arrow batches; memory does not grow with the answer.

2.43 writes a key that all rows share once at the root, before the rows as far as seen, and leaves
null and false members out [seen]. Every other version writes the keys on the rows, and a root
``orgUnit`` there is only what was asked for: so a row's own member always comes first.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import ijson
import pyarrow as pa

from d2_assets.errors import ContractError, TransientError

#: One data value: its key, what it says, and the server's own stamps (text with an offset).
DATA_VALUE_SCHEMA = pa.schema(
    [
        ("data_element", pa.string()),
        ("period", pa.string()),
        ("org_unit", pa.string()),
        ("category_option_combo", pa.string()),
        ("attribute_option_combo", pa.string()),
        ("value", pa.string()),
        ("comment", pa.string()),
        pa.field("followup", pa.bool_(), nullable=False),
        pa.field("deleted", pa.bool_(), nullable=False),
        ("stored_by", pa.string()),
        ("created", pa.string()),
        ("last_updated", pa.string()),
    ]
)

#: Our names of the key members with their names on the wire.
_KEYS = {
    "data_element": "dataElement",
    "period": "period",
    "org_unit": "orgUnit",
    "category_option_combo": "categoryOptionCombo",
    "attribute_option_combo": "attributeOptionCombo",
}
_TEXTS = {
    "value": "value",
    "comment": "comment",
    "stored_by": "storedBy",
    "created": "created",
    "last_updated": "lastUpdated",
}
#: Exports say ``followup``, other paths of the same servers ``followUp``.
_FLAGS = {"followup": ("followup", "followUp"), "deleted": ("deleted",)}

_ROWS = "dataValues"

Row = Mapping[str, Any]


def read_data_value_batches(path: Path, batch_rows: int = 8_192) -> Iterator[pa.RecordBatch]:
    """The data values of a JSON answer in batches of ``DATA_VALUE_SCHEMA``, in its order.

    ContractError for what is no such answer, or a row without a key member, by its number (from
    1); TransientError for an answer that ends early.
    """
    try:
        yield from _read_batches(path, batch_rows)
    except ijson.JSONError as error:
        words = str(error).split("\n")[0]
        if "EOF" in words:
            raise TransientError(
                "The answer with data values ends early.", remedy="Run again: it is read anew."
            ) from error
        raise ContractError(
            f"The answer with data values is no JSON ({words}).",
            remedy="Check that the instance's URL is that of a DHIS2 server.",
        ) from error


def _read_batches(path: Path, batch_rows: int) -> Iterator[pa.RecordBatch]:
    root = _read_root(path, whole=False)
    first = 1
    with path.open("rb") as file:
        values = ijson.items(file, f"{_ROWS}.item")
        while rows := list(islice(values, batch_rows)):
            if not _has_all_keys(rows, root):
                root = _read_root(path, whole=True)
            yield _make_batch(rows, root, first)
            first += len(rows)


def _read_root(path: Path, *, whole: bool) -> dict[str, Any]:
    """The members beside the rows: those before them, or (``whole``) those after them too."""
    root: dict[str, Any] = {}
    has_rows = False
    with path.open("rb") as file:
        for prefix, event, value in ijson.parse(file):
            if prefix == _ROWS and event == "start_array":
                has_rows = True
                if not whole:
                    break
            elif event in ("string", "number") and "." not in prefix:
                root[prefix] = value
    if not has_rows:
        raise ContractError(
            f"The answer has no {_ROWS}.",
            remedy="Check the account's right to the data set and its org units there.",
        )
    return root


def _has_all_keys(rows: list[Any], root: Row) -> bool:
    open_keys = [wire for wire in _KEYS.values() if wire not in root]
    return all(isinstance(row, dict) and row.get(wire) for row in rows for wire in open_keys)


def _make_batch(rows: list[Any], root: Row, first: int) -> pa.RecordBatch:
    for number, row in enumerate(rows, start=first):
        if not isinstance(row, dict):
            raise _spoilt(number, f"is no data value but {row!r}")
    columns = {
        **{name: _read_key(rows, wire, root, first) for name, wire in _KEYS.items()},
        **{name: _read_texts(rows, wire, first) for name, wire in _TEXTS.items()},
        **{name: _read_flags(rows, wires, first) for name, wires in _FLAGS.items()},
    }
    return pa.RecordBatch.from_arrays(
        [columns[field.name] for field in DATA_VALUE_SCHEMA], schema=DATA_VALUE_SCHEMA
    )


def _read_key(rows: list[Row], wire: str, root: Row, first: int) -> pa.Array:
    shared = root.get(wire)
    keys = [row.get(wire) or shared for row in rows]
    for number, key in enumerate(keys, start=first):
        if not key:
            raise _spoilt(number, f"has no {wire}, and none stands for all rows")
    return _make_texts(keys, wire, first)


def _read_texts(rows: list[Row], wire: str, first: int) -> pa.Array:
    return _make_texts([row.get(wire) for row in rows], wire, first)


def _make_texts(values: list[Any], wire: str, first: int) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        texts = [_to_text(value, wire, number) for number, value in enumerate(values, first)]
        return pa.array(texts, pa.string())


def _to_text(value: Any, wire: str, number: int) -> str | None:
    """A JSON number or boolean as its text; the digits of a number as the server wrote them."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case _:
            raise _spoilt(number, f"has a {wire} that is no text")


def _read_flags(rows: list[Row], wires: tuple[str, ...], first: int) -> pa.Array:
    flags = []
    for number, row in enumerate(rows, start=first):
        flag = next((row[wire] for wire in wires if row.get(wire) is not None), False)
        if not isinstance(flag, bool):
            raise _spoilt(number, f"has a {wires[0]} that is neither true nor false")
        flags.append(flag)
    return pa.array(flags, pa.bool_())


def _spoilt(number: int, words: str) -> ContractError:
    finding = f"Row {number} {words}."
    return ContractError(
        f"The answer with data values cannot be used: {finding}",
        remedy="Look at this data value in the source's data entry app.",
        findings=(finding,),
    )
