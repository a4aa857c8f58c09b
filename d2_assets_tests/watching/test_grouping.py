"""Runs for what changed: exactly that, and as few as rectangles allow."""

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.watching.grouping import Group, group_changes, make_run_key
from d2_assets.watching.marks import Mark
from d2_assets.watching.state import Change

ASSETS = ("metadata/options", "data/events", "data/data_values")
MONTHS = [f"{year}{month:02}" for year in (2023, 2024) for month in range(1, 13)]

CHANGES = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e"]),
    st.builds(
        Change,
        st.sampled_from(ASSETS),
        st.frozensets(st.sampled_from(MONTHS), min_size=1, max_size=8),
        st.sampled_from([1.0, 2.0]),
        st.just(Mark("1")),
    ),
)


@given(CHANGES)
def test_runs_cover_what_changed_and_nothing_else_and_nothing_twice(
    changes: dict[str, Change],
) -> None:
    groups = group_changes(changes)
    asked = [(asset, month) for one in groups for asset in one.assets for month in one.months]
    wanted = {(one.asset, month) for one in changes.values() for month in one.months}
    assert len(asked) == len(set(asked))
    assert set(asked) == wanted
    for group in groups:
        first = MONTHS.index(group.months[0])
        assert list(group.months) == MONTHS[first : first + len(group.months)]
        assert set(group.causes) == {
            cause
            for cause, one in changes.items()
            if one.asset in group.assets and one.months & set(group.months)
        }
    has_metadata = [ASSETS[0] in group.assets for group in groups]
    assert has_metadata == sorted(has_metadata, reverse=True)


def test_months_without_a_gap_are_one_run() -> None:
    months = frozenset({"202311", "202312", "202401", "202403"})
    groups = group_changes({"a": Change("data/events", months, 1.0)})
    assert [group.months for group in groups] == [("202311", "202312", "202401"), ("202403",)]


def test_a_run_key_tells_attempt_content_and_marks_apart() -> None:
    group = Group(("data/events",), ("202401",), ("a",))
    change = Change("data/events", frozenset({"202401"}), 1.0, Mark("1"))
    keys = {
        make_run_key("p", 1, group, {"a": change}),
        make_run_key("p", 2, group, {"a": change}),
        make_run_key("p", 1, Group(group.assets, ("202402",), ("a",)), {"a": change}),
        make_run_key("p", 1, group, {"a": Change(change.asset, change.months, 1.0, Mark("2"))}),
    }
    assert len(keys) == 4
    assert make_run_key("p", 1, group, {"a": change}) in keys
