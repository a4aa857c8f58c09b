"""The generated content: sized, deterministic, and such that both importers take it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from d2_assets.periods import parse_period
from d2_assets.sandbox import ContentSpec, Store, StoredValue
from d2_assets.sandbox.content import fill_store
from d2_assets.sandbox.versions import VERSIONS
from d2_assets_tests.sandbox.asking import Form, send
from d2_assets_tests.sandbox.conftest import NOW, Serve


def _fill(
    path: Path, version: str = "2.40", *, with_data: bool = True, values: int, seed: int = 2026
) -> Store:
    content = ContentSpec(values=values, seed=seed)
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
    for plural in source.plurals:
        uids = [{body["id"] for body in store.metadata(plural)} for store in (source, destination)]
        assert uids[0] == uids[1]


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
