import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.value_types import VALUE_TYPES, find_misfit, misfit_sql
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange, read_schemas

FITS = {
    "TEXT": ["", "anything", "x" * 50_000],
    "LETTER": ["a", "Z", "é", "ß"],
    "BOOLEAN": ["true", "false", "True", "FALSE", "t", "F", "0", "1"],
    "TRUE_ONLY": ["true", "TRUE", "t", "1"],
    "DATE": ["2025-11-05", "2024-02-29", "2000-02-29", "2025-11-05T00:00:00.000"],
    "DATETIME": ["2025-11-05T14:30", "2025-11-05T14:30:00.000+0100", "2025-11-05 14:30:00Z"],
    "NUMBER": ["0", "-0", "-0.0", "12.50", "-3", "1E5", "1.5E-3", "9" * 249],
    "UNIT_INTERVAL": ["0", "-0", "0.5", "1", "1.000", "5E-1"],
    "PERCENTAGE": ["0", "7", "99.9", "100", "100.0"],
    "INTEGER": ["0", "12", "-12", "2147483647", "-2147483648", "1999999999", "2099999999"],
    "INTEGER_POSITIVE": ["1", "2147483647"],
    "INTEGER_NEGATIVE": ["-1", "-2147483648"],
    "INTEGER_ZERO_OR_POSITIVE": ["0", "11", "2147483647"],
    "COORDINATE": ["10.75,59.91", "[10.75, 59.91]", " -1.5 ,\n2"],
    "URL": ["https://dhis2.org", "HTTP://a.b/c?d=e"],
    "FILE_RESOURCE": ["HllvX50cXC0"],
    "IMAGE": ["HllvX50cXC0"],
    "EMAIL": ["whatever"],
    "TIME": ["14:30"],
    "NO_SUCH_TYPE": ["anything", "x" * 60_000],
}
MISFITS = {
    "TEXT": ["x" * 50_001],
    "LETTER": ["ab", "1", "-"],
    "BOOLEAN": ["yes", "2", "truefalse", "true "],
    "TRUE_ONLY": ["false", "0", "f"],
    "DATE": ["2025-02-29", "1900-02-29", "2025-13-01", "2025-04-31", "2025-1-1", "05/11/2025"],
    "DATETIME": ["2025-11-05", "14:30"],
    "NUMBER": ["1.", ".5", "007", "1,5", "1e5", "+1", "NaN", "٣", "9" * 250, "1\n"],
    "UNIT_INTERVAL": ["1.01", "-0.5", "2", "10"],
    "PERCENTAGE": ["100.1", "101", "-1", "50%", "050"],
    "INTEGER": ["-0", "01", "1.0", "2147483648", "-2147483649", "10000000000", "3000000000"],
    "INTEGER_POSITIVE": ["0", "-1", "2147483648"],
    "INTEGER_NEGATIVE": ["0", "1", "-2147483649", "-0"],
    "INTEGER_ZERO_OR_POSITIVE": ["-1", "not a number", "00", "2147483648"],
    "COORDINATE": ["10.75", "here,there"],
    "URL": ["dhis2.org", "https://"],
    "FILE_RESOURCE": ["photo.jpg"],
    "IMAGE": ["0llvX50cXC0"],
}


def _pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(value_type, value) for value_type, values in table.items() for value in values]


def _ask_duckdb(rows: Sequence[tuple[str, str | None]]) -> list[str | None]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE rows (number INTEGER, type VARCHAR, value VARCHAR)")
        connection.executemany(
            "INSERT INTO rows VALUES (?, ?, ?)", [(i, *row) for i, row in enumerate(rows)]
        )
        found = connection.execute(
            f"SELECT {misfit_sql('rows.value', 'rows.type')} FROM rows ORDER BY number"
        ).fetchall()
    return [reason for (reason,) in found]


@pytest.mark.parametrize(("value_type", "value"), _pairs(FITS))
def test_a_value_that_servers_take_fits(value_type: str, value: str) -> None:
    assert find_misfit(value, value_type) is None


@pytest.mark.parametrize(("value_type", "value"), _pairs(MISFITS))
def test_a_value_that_servers_refuse_is_a_misfit(value_type: str, value: str) -> None:
    assert value_type in (find_misfit(value, value_type) or "")


def test_the_reason_says_what_the_value_must_be() -> None:
    assert find_misfit("x", "INTEGER_ZERO_OR_POSITIVE") == (
        "INTEGER_ZERO_OR_POSITIVE must be a whole number from 0 to 2147483647"
    )
    assert find_misfit("1" * 250, "NUMBER") == "NUMBER takes at most 249 characters"


@pytest.mark.parametrize("value_type", VALUE_TYPES)
@pytest.mark.parametrize("value", ["", " ", "\t\n"])
def test_a_blank_value_is_left_to_another_check(value_type: str, value: str) -> None:
    assert find_misfit(value, value_type) is None


@given(st.integers(min_value=-(2**33), max_value=2**33))
def test_whole_numbers_fit_in_32_bits(number: int) -> None:
    assert (find_misfit(str(number), "INTEGER") is None) == (-(2**31) <= number < 2**31)
    assert (find_misfit(str(number), "INTEGER_POSITIVE") is None) == (0 < number < 2**31)
    assert (find_misfit(str(number), "INTEGER_NEGATIVE") is None) == (-(2**31) <= number < 0)


@given(st.decimals(min_value=-2, max_value=120, places=4))
def test_decimal_numbers_fit_in_their_range(number: Decimal) -> None:
    text = f"{number:f}"
    assert find_misfit(text, "NUMBER") is None
    assert (find_misfit(text, "PERCENTAGE") is None) == (0 <= number <= 100)
    assert (find_misfit(text, "UNIT_INTERVAL") is None) == (0 <= number <= 1)


@given(st.dates())
def test_every_day_of_the_calendar_is_a_date(day: date) -> None:
    assert find_misfit(str(day), "DATE") is None


_characters = st.characters(exclude_categories=["Cs"])
_values = st.one_of(
    st.sampled_from([value for _, value in _pairs(FITS) + _pairs(MISFITS)]),
    st.text(_characters, max_size=12),
    st.text("0123456789-.E,T: ", max_size=12),
    *[
        st.from_regex(re.compile(known.pattern, re.ASCII), fullmatch=True)
        for known in VALUE_TYPES.values()
        if known.pattern and known.name not in {"LETTER", "URL", "COORDINATE", "DATE", "DATETIME"}
    ],
)
_rows = st.tuples(st.sampled_from([*VALUE_TYPES, "NO_SUCH_TYPE"]), _values)


@settings(max_examples=40, deadline=None)
@given(st.lists(_rows, min_size=20, max_size=80))
def test_duckdb_and_python_judge_alike(rows: list[tuple[str, str]]) -> None:
    expected = [find_misfit(value, value_type) for value_type, value in rows]
    assert _ask_duckdb(rows) == expected


def test_duckdb_and_python_judge_the_examples_of_every_type_alike() -> None:
    values = sorted({value for _, value in _pairs(FITS) + _pairs(MISFITS)})
    rows = [(value_type, value) for value_type in VALUE_TYPES for value in values]
    assert _ask_duckdb(rows) == [find_misfit(value, value_type) for value_type, value in rows]


def test_a_missing_value_fits_in_sql() -> None:
    assert _ask_duckdb([("INTEGER", None), ("TEXT", None)]) == [None, None]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_the_table_knows_every_value_type_of_the_server(version: str) -> None:
    constants = {
        constant
        for schema in read_schemas(version)
        if schema.get("name") == "dataElement"
        for part in schema["properties"]
        if part.get("name") == "valueType"
        for constant in part.get("constants") or ()
    }
    assert constants
    assert constants <= set(VALUE_TYPES)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_the_value_that_each_server_refused_is_a_misfit(version: str) -> None:
    bad, good = read_exchange(version, "dv-one-bad-value").request["body"]["dataValues"]
    assert find_misfit(bad["value"], "INTEGER_ZERO_OR_POSITIVE") is not None
    assert find_misfit(good["value"], "INTEGER_ZERO_OR_POSITIVE") is None
