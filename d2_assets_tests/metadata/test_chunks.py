"""What needs each other goes together, and what is needed goes first."""

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.metadata.chunks import Sending, group_classes, iterate_chunks, order_circles
from d2_assets.metadata.objects import Key


def send(plural: str, uid: str, *needs: Key) -> Sending:
    return Sending((plural, uid), {"id": uid}, frozenset(needs))


def names(circles: list) -> list[list[str]]:
    return [sorted(one.key[1] for one in circle) for circle in circles]


def test_parents_go_before_their_children() -> None:
    units = [
        send("organisationUnits", "facility", ("organisationUnits", "district")),
        send("organisationUnits", "district", ("organisationUnits", "country")),
        send("organisationUnits", "country"),
    ]
    assert names(order_circles(units)) == [["country"], ["district"], ["facility"]]


def test_a_rule_and_its_actions_are_never_cut_apart() -> None:
    rule, action = ("programRules", "rule"), ("programRuleActions", "action")
    circles = order_circles(
        [send(*rule, action), send(*action, rule), send("programRules", "other")]
    )
    assert sorted(names(circles)) == [["action", "rule"], ["other"]]
    chunks = list(iterate_chunks(circles, lambda: 1))
    assert sorted(sum(map(len, chunk)) for chunk in chunks) == [1, 2]


def test_a_combo_goes_with_its_option_combos() -> None:
    combo = ("categoryCombos", "combo")
    sendings = [
        send(*combo),
        send("categoryOptionCombos", "first", combo),
        send("categoryOptionCombos", "second", combo),
    ]
    assert names(order_circles(sendings)) == [["combo", "first", "second"]]


def test_a_family_that_fits_goes_in_one_request() -> None:
    circles = order_circles(send("dataElements", f"element{n}") for n in range(1000))
    assert len(list(iterate_chunks(circles, lambda: 1000))) == 1
    assert len(list(iterate_chunks(circles, lambda: 999))) == 2


def test_a_request_has_its_objects_by_class() -> None:
    classes = group_classes([send("options", "a"), send("optionSets", "b"), send("options", "c")])
    assert classes == {"options": [{"id": "a"}, {"id": "c"}], "optionSets": [{"id": "b"}]}


@st.composite
def graphs(draw: st.DrawFn) -> list[Sending]:
    count = draw(st.integers(1, 12))
    numbers = st.integers(0, count - 1)
    return [
        send(
            "dataElements",
            str(number),
            *(("dataElements", str(one)) for one in draw(st.sets(numbers))),
        )
        for number in range(count)
    ]


@given(graphs(), st.integers(1, 6))
def test_every_object_goes_once_and_after_what_it_needs(sendings: list[Sending], most: int) -> None:
    chunks = list(iterate_chunks(order_circles(sendings), lambda: most))
    sent = [one for chunk in chunks for circle in chunk for one in circle]
    assert sorted(one.key for one in sent) == sorted(one.key for one in sendings)
    place = {
        one.key: number for number, chunk in enumerate(chunks) for circle in chunk for one in circle
    }
    assert all(place[need] <= place[one.key] for one in sent for need in one.needs)
    for chunk in chunks:
        assert len(chunk) == 1 or sum(map(len, chunk)) <= most
