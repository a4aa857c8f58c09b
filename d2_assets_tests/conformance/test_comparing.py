"""The comparison that the conformance suite stands on notices what it must."""

import copy
from typing import Any

import pytest

from d2_assets_tests.conformance.comparing import find_differences

ANSWER: dict[str, Any] = {
    "httpStatusCode": 409,
    "response": {
        "importCount": {"updated": 1, "ignored": 1},
        "conflicts": [{"errorCode": "E7619", "indexes": [0], "value": "no number: `x`"}],
        "created": "2026-11-22T20:45:33.320",
    },
}


def test_an_answer_does_not_differ_from_itself() -> None:
    assert list(find_differences(ANSWER, copy.deepcopy(ANSWER))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("httpStatusCode",), 200),
        (("response", "importCount", "updated"), 2),
        (("response", "conflicts"), []),
        (("response", "conflicts", 0, "errorCode"), "E7610"),
        (("response", "conflicts", 0, "indexes"), [1]),
        (("response", "conflicts", 0, "value"), "no number: `y`"),
        (("response", "created"), "2026-11-22T20:45:33.320+0000"),
        (("response", "more"), None),
    ],
)
def test_every_change_is_noticed(path: tuple[Any, ...], value: Any) -> None:
    changed = copy.deepcopy(ANSWER)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert list(find_differences(ANSWER, changed))
    assert list(find_differences(changed, ANSWER))


def test_another_time_and_another_host_are_no_difference() -> None:
    recorded = {"created": "2026-11-22T20:45:33.320", "nextPage": "https://a.org/api/x?page=2"}
    given = {"created": "2027-01-01T00:00:00.000", "nextPage": "http://127.0.0.1:8/api/x?page=2"}
    assert list(find_differences(recorded, given)) == []


def test_a_cut_list_is_compared_by_the_shape_of_what_is_left() -> None:
    recorded = {"users": [{"name": "a"}, "... 5 more of 6"]}
    assert list(find_differences(recorded, {"users": [{"name": "b"}, {"name": "c"}]})) == []
    assert list(find_differences(recorded, {"users": [{"code": "b"}]}))
    assert list(find_differences(recorded, {"users": []}))
