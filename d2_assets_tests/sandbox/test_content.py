"""The generated content: sized, deterministic, and such that both importers take it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from d2_assets.periods import parse_period
from d2_assets.sandbox import ContentSpec, Store, StoredValue
from d2_assets.sandbox.catalogue import KEY_CLASSES
from d2_assets.sandbox.content import fill_store
from d2_assets.sandbox.versions import VERSIONS
from d2_assets_tests.sandbox.asking import Form, send
from d2_assets_tests.sandbox.conftest import NOW, Serve

#: By seed: the monthly form, and the unit of the first of 100 values.
_UIDS = {2026: ("NCDwoTJ0NXc", "Kay9M266hph"), 7: ("dq1X1Hlu3fM", "MvYweYKT4gz")}


def _fill(
    path: Path, version: str = "2.40", *, with_data: bool = True, values: int, **more: int
) -> Store:
    content = ContentSpec(values=values, **more)  # type: ignore[arg-type]
    fill_store(path, VERSIONS[version], content, with_data=with_data, clock=lambda: NOW)
    return Store(path, lambda: NOW)


@pytest.mark.parametrize("values", [1, 777, 20_000, 40_001])
def test_there_are_exactly_as_many_values_as_asked_for(values: int, tmp_path: Path) -> None:
    store = _fill(tmp_path / "content.db", values=values)
    assert len(store.data_values()) == values


def test_the_same_seed_gives_the_same_content_and_another_seed_another(tmp_path: Path) -> None:
    first = _fill(tmp_path / "a.db", values=500)
    again = _fill(tmp_path / "b.db", values=500)
    other = _fill(tmp_path / "c.db", values=500, seed=1)
    assert first.data_values() == again.data_values() != other.data_values()
    assert first.registrations() == again.registrations()
    assert first.metadata("dataSets") == again.metadata("dataSets")


def test_a_destination_has_the_source_s_metadata_and_no_data(tmp_path: Path) -> None:
    source = _fill(tmp_path / "a.db", values=500)
    destination = _fill(tmp_path / "b.db", "2.43", values=500, with_data=False)
    assert destination.data_values() == destination.registrations() == []
    for plural in (*KEY_CLASSES.values(), "users", "programs", "dashboards"):
        uids = [{body["id"] for body in store.metadata(plural)} for store in (source, destination)]
        # One type of value is gone by 2.43.
        assert len(uids[0] - uids[1]) == (plural == "dataElements")
        assert uids[1] - uids[0] == set()


def test_sizes_add_metadata_and_leave_the_values_as_they_are(tmp_path: Path) -> None:
    small = _fill(tmp_path / "a.db", values=500)
    large = _fill(tmp_path / "b.db", values=500, org_units=150, data_elements=333)
    assert len(large.metadata("organisationUnits")) == 150
    assert len(large.metadata("dataElements")) == 333
    assert large.data_values() == small.data_values()
    assert large.registrations() == small.registrations()
    for plural in small.plurals:
        kept = {body["id"] for body in small.metadata(plural)}
        assert kept <= {body["id"] for body in large.metadata(plural)}
    grouped = {
        one["id"] for body in large.metadata("dataElementGroups") for one in body["dataElements"]
    }
    lines = [one for one in large.metadata("dataElements") if one["code"].startswith("LINE_")]
    assert {one["id"] for one in lines} <= grouped


def test_sizes_below_what_values_need_change_nothing(tmp_path: Path) -> None:
    small = _fill(tmp_path / "a.db", values=500)
    same = _fill(tmp_path / "b.db", values=500, org_units=1, data_elements=1)
    for plural in small.plurals:
        assert small.metadata(plural) == same.metadata(plural)


@pytest.mark.parametrize("seed", [2026, 7])
def test_what_is_generated_today_was_generated_yesterday(seed: int, tmp_path: Path) -> None:
    """Stores that were filled by an earlier version stay those of the same seed."""
    store = _fill(tmp_path / "a.db", values=100, seed=seed)
    uids = {body["code"]: body["id"] for body in store.metadata("dataSets")}
    expected = _UIDS[seed]
    assert (uids["HF_MONTHLY"], store.data_values()[0].org_unit) == expected


def test_more_facilities_leave_the_uids_of_the_others_as_they_are(tmp_path: Path) -> None:
    few = _fill(tmp_path / "a.db", values=100)
    many = _fill(tmp_path / "b.db", values=50_000)
    units = [{u["code"]: u["id"] for u in s.metadata("organisationUnits")} for s in (few, many)]
    assert units[0].items() <= units[1].items()
    assert len(units[0]) < len(units[1])


def test_the_content_has_every_oddity_that_a_transfer_may_lose(tmp_path: Path) -> None:
    store = _fill(tmp_path / "content.db", values=20_000)
    rows = store.data_values()
    assert {parse_period(row.period).period_type for row in rows} == {
        "Monthly", "Weekly", "Quarterly", "Yearly", "Daily", "FinancialJuly"
    }  # fmt: skip
    assert any(row.comment and not row.comment.isascii() for row in rows)
    assert any(row.followup for row in rows)
    assert any(row.deleted for row in rows)
    assert len({row.attribute_option_combo for row in rows}) > 3
    assert len({row.category_option_combo for row in rows}) > 6
    months = {row.period for row in rows if parse_period(row.period).period_type == "Monthly"}
    assert len(months) == 24
    assert max(months) == "202611"
    assert {unit["level"] for unit in store.metadata("organisationUnits")} == {1, 2, 3, 4}


def test_nothing_lies_in_the_future(tmp_path: Path) -> None:
    rows = _fill(tmp_path / "content.db", values=5000).data_values()
    now = int(NOW.timestamp() * 1000)
    assert max(row.last_updated or 0 for row in rows) <= now
    assert all(parse_period(row.period).start <= NOW.date() for row in rows)


def test_content_is_generated_anew_only_when_it_is_to_be_another(tmp_path: Path) -> None:
    path, facts, spec = tmp_path / "content.db", VERSIONS["2.40"], ContentSpec(values=50)

    def fill(spec: ContentSpec, month: int = 11) -> bool:
        clock = datetime(2026, month, 15, tzinfo=UTC)
        return fill_store(path, facts, spec, with_data=True, clock=lambda: clock)

    assert [fill(spec), fill(spec), fill(ContentSpec(values=60))] == [True, False, True]
    assert [fill(ContentSpec(values=60), month=12)] == [True]


@pytest.mark.parametrize("version", ["2.40", "2.43"])
def test_every_generated_row_is_taken_by_an_empty_destination(version: str, serve: Serve) -> None:
    source = serve("2.40", values=3000)
    destination = serve(version, with_data=False, values=3000)
    sets = {
        member["dataElement"]["id"]: body["id"]
        for body in source.store.metadata("dataSets")
        for member in body["dataSetElements"]
    }
    rows = [row for row in source.store.data_values() if not row.deleted]
    for data_set in dict.fromkeys(sets.values()):
        chunk = [_to_wire(row) for row in rows if sets[row.data_element] == data_set]
        answer = send(destination, Form(data_set, (), ()), chunk)
        assert answer.json()["response"]["conflicts"] == []
    landed = {row.key: (row.value, row.comment) for row in destination.store.data_values()}
    assert landed == {row.key: (row.value, row.comment) for row in rows}


def _to_wire(row: StoredValue) -> dict[str, object]:
    return {
        "dataElement": row.data_element,
        "period": row.period,
        "orgUnit": row.org_unit,
        "categoryOptionCombo": row.category_option_combo,
        "attributeOptionCombo": row.attribute_option_combo,
        "value": row.value,
        "comment": row.comment,
        "followup": row.followup,
        "followUp": row.followup,
    }
