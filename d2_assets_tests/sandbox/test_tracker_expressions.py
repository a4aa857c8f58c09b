"""Expressions of program rules."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.sandbox.tracker_expressions import UnreadableError, evaluate, to_text, to_typed

VARIABLES = {"#{weight}": Decimal("2.4"), "A{sex}": "F", "has #{weight}": True}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("#{weight} < 2.5 && A{sex} == 'F'", True),
        ("#{weight} > 2.5 || A{sex} != 'F'", False),
        ("d2:round(#{weight} * 1000)", Decimal(2400)),
        ("!(#{weight} >= 2) or true", True),
        ("d2:hasValue('weight') && !d2:hasValue('other')", True),
        ("d2:concatenate(A{sex}, '-', 3)", "F-3"),
        ("-1 + 2 * 3 - 10 / 4", Decimal("2.5")),
        ("'2026-03-01'", "2026-03-01"),
    ],
)
def test_an_expression_has_its_value(expression: str, value: object) -> None:
    assert evaluate(expression, VARIABLES) == value


@pytest.mark.parametrize(
    "expression", ["d2:zScoreWFA(1)", "#{unknown} > 1", "1 +", "1 2", "'a' < 1", "1 / 0", "§"]
)
def test_what_cannot_be_read_is_said(expression: str) -> None:
    with pytest.raises(UnreadableError):
        evaluate(expression, VARIABLES)


@given(st.integers(-(10**6), 10**6))
def test_whole_numbers_keep_their_digits(number: int) -> None:
    assert to_text(to_typed(str(number), "INTEGER")) == str(number)


def test_values_are_typed() -> None:
    assert to_typed("true", "BOOLEAN") is True
    assert to_typed("abc", "NUMBER") == 0
    assert to_typed(None, "TEXT") == ""
    assert (to_text(True), to_text(Decimal("2.50"))) == ("true", "2.5")
