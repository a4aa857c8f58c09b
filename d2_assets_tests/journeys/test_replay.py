"""Rows of the work list are moved again, and no others."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from d2_assets.defs import work_list as jobs_module
from d2_assets.defs.assets import data_values as asset_module
from d2_assets.sync.months import MonthResult
from d2_assets.sync.work import PlannedWork
from d2_assets_tests.journeys.journey import PAIR, Journey, key_of
from d2_assets_tests.journeys.refusing import find_live, remove_elements
from d2_assets_tests.journeys.working_off import (
    LIST,
    discard,
    find_registration,
    find_spoilt,
    list_ids,
    list_outcomes,
    lose_malaria,
    replay,
    spoil_registration,
)
from d2_assets_tests.journeys.world import (
    CURRENT,
    MONTH,
    SIX_MONTHS,
    StandingDate,
    element_id,
    list_registrations,
    list_values,
    read_live,
)

pytestmark = pytest.mark.one_direction


def test_rows_whose_cause_is_mended_land_by_a_replay_and_leave(journey: Journey) -> None:
    mend = lose_malaria(journey)
    journey.materialise(MONTH)
    waiting = journey.quarantine(MONTH)
    live = [row for row in waiting if not row["deleted"]]
    assert {row["code"] for row in waiting} == {"data_element_outside_data_set"}
    assert len(live) > 5
    mend()
    before = len(journey.ledger(MONTH))
    journey.clear_requests()
    run = replay(journey)
    assert run.success, run.failure
    assert journey.rows_sent() == len(live)
    told = list_outcomes(run)
    assert told["created"] == len(live)
    assert sum(told.values()) == len(waiting)
    assert journey.quarantine(MONTH) == []
    assert run.materialised == []
    assert run.materialised_of(LIST) == [f"{PAIR}|{MONTH}"]
    assert run.show(MONTH, asset=LIST)["rows"] == 0
    assert run.tags["d2/partial"] == "true"
    assert len(journey.ledger(MONTH)) == before
    journey.clear_requests()
    second = journey.materialise(MONTH)
    assert second.outcomes(MONTH)["unchanged"] == second.show(MONTH)["rows_read"]
    assert journey.rows_sent() == 0
    journey.prove_nothing_is_lost(MONTH)


def test_a_replay_of_one_row_reads_and_sends_no_other(journey: Journey) -> None:
    mend = lose_malaria(journey)
    journey.materialise(MONTH)
    chosen = next(row for row in journey.quarantine(MONTH) if not row["deleted"])
    mend()
    journey.pair["deletes"] = {"mirror": True, "brake_percent": 100}
    journey.clear_requests()
    there = read_live(journey.destination.store, [MONTH])
    run = replay(journey, rows=[f" {chosen['id']} "])
    assert run.success, run.failure
    assert journey.rows_sent() == 1
    assert list_outcomes(run) == {"created": 1}
    asked = [record for record in journey.requests() if record.path.endswith("dataValueSets")]
    for query in (parse_qs(record.query) for record in asked if record.method == "GET"):
        assert query["orgUnit"] == [chosen["org_unit"]]
        assert query["period"] == [chosen["period"]]
        assert query["children"] == ["false"]
    now = read_live(journey.destination.store, [MONTH])
    assert now.keys() - there.keys() == {key_of(chosen)}
    assert there.keys() <= now.keys()
    assert chosen["id"] not in list_ids(journey)
    assert list_ids(journey) != []
    assert run.tags["d2/outcome"] == "completed_with_warnings"
    journey.pair.pop("deletes")
    journey.materialise(MONTH)
    journey.prove_nothing_is_lost(MONTH)


def test_a_row_that_is_refused_again_stays_with_its_attempts_and_new_reason(
    journey: Journey,
) -> None:
    mend = lose_malaria(journey)
    spoilt = find_spoilt(journey)
    journey.materialise(MONTH)
    (first,) = [row for row in journey.quarantine(MONTH) if key_of(row) == spoilt.key]
    mend()
    run = replay(journey, codes=["data_element_outside_data_set"])
    assert run.success, run.failure
    (row,) = journey.quarantine(MONTH)
    assert row["id"] == first["id"]
    assert (first["attempts"], row["attempts"]) == (1, 2)
    assert row["code"] == "value_misfit"
    assert (row["first_run"], row["run"]) == (first["run"], run.run_id)
    journey.materialise(MONTH)
    assert journey.quarantine(MONTH)[0]["attempts"] == 3
    journey.prove_nothing_is_lost(MONTH, missing={spoilt.key})


def test_a_registration_lands_by_a_replay_of_its_own(journey: Journey) -> None:
    store, data_set = spoil_registration(journey)
    journey.materialise(MONTH)
    row = find_registration(journey)
    store.put_metadata("dataSets", [data_set])
    journey.clear_requests()
    run = replay(journey, rows=[row["id"]])
    assert run.success, run.failure
    assert list_outcomes(run, "completeness") == {"created": 1}
    assert journey.rows_sent() == 0
    assert not [row for row in journey.quarantine(MONTH) if row["kind"] == "completeness"]
    asked = [record for record in journey.requests() if "Registrations" in record.path]
    assert {parse_qs(record.query)["orgUnit"][0] for record in asked if record.method == "GET"} == {
        row["org_unit"]
    }
    journey.materialise(MONTH)
    journey.prove_nothing_is_lost(MONTH)
    journey.prove_registrations(MONTH)


def test_registrations_that_come_along_are_left_alone(journey: Journey) -> None:
    """The unit of a chosen value has registrations of its own."""
    store, data_set = spoil_registration(journey)
    registered = list_registrations(journey.source.store, [MONTH])
    malaria = element_id(journey.source.store, "OPD_MALARIA")
    units = {item.org_unit for item in registered} - {registered[0].org_unit}
    spoilt = next(
        value for value in find_live(journey, MONTH, {malaria}) if value.org_unit in units
    )
    journey.source.store.put_data_values([replace(spoilt, value="many")])
    journey.materialise(MONTH)
    one = find_registration(journey)
    store.put_metadata("dataSets", [data_set])
    store.delete_registrations(list_registrations(store, [MONTH]))
    (value,) = [row for row in journey.quarantine(MONTH) if key_of(row) == spoilt.key]
    run = replay(journey, rows=[one["id"], value["id"]])
    assert run.success, run.failure
    assert list_outcomes(run, "completeness") == {"created": 1}
    (landed,) = list_registrations(store, [MONTH])
    assert (landed.data_set, landed.org_unit) == (one["data_set"], one["org_unit"])


def test_a_replay_mirrors_nothing(journey: Journey) -> None:
    """A chosen row that is gone at the source may still stand at the destination as it was."""
    source = journey.source.store
    one = find_live(journey, MONTH, {element_id(source, "OPD_MALARIA")})[0]
    journey.materialise(MONTH)
    source.put_data_values([replace(one, value="many")])
    journey.materialise(MONTH)
    (waiting,) = journey.quarantine(MONTH)
    source.delete_data_values([one], forever=True)
    journey.pair["deletes"] = {"mirror": True, "brake_percent": 100}
    journey.clear_requests()
    run = replay(journey, rows=[waiting["id"]])
    assert run.success, run.failure
    assert one.key in read_live(journey.destination.store, [MONTH])
    assert journey.writes() == []
    assert [row["code"] for row in journey.quarantine(MONTH)] == ["gone_at_source"]


def test_a_replay_that_the_server_refuses_leaves_the_rows_on_the_list(journey: Journey) -> None:
    mend = lose_malaria(journey)
    journey.materialise(MONTH)
    live = [row["id"] for row in journey.quarantine(MONTH) if not row["deleted"]]
    mend()
    store, move = journey.destination.store, jobs_module.move_data_values

    def lose_and_move(planned: PlannedWork) -> Iterator[MonthResult]:
        remove_elements(store, "HF_MONTHLY", {element_id(store, "OPD_MALARIA")})
        return move(planned)

    with journey.monkeypatch.context() as patch:
        patch.setattr(jobs_module, "move_data_values", lose_and_move)
        run = replay(journey)
    assert run.success, run.failure
    assert sorted(list_ids(journey)) == sorted(live) != []
    codes = {row["code"] for row in journey.quarantine(MONTH)}
    assert codes == {"E7610" if journey.destination.version.startswith("2.40") else "E8020"}
    mend()
    journey.materialise(MONTH)
    assert journey.quarantine(MONTH) == []
    journey.prove_nothing_is_lost(MONTH)


class June(StandingDate):
    """``date`` three weeks after the day of the stand-in servers."""

    @classmethod
    def today(cls) -> "June":
        return cls(2024, 6, 10)


def test_a_replay_finds_a_running_quarter_where_it_was_listed(journey: Journey) -> None:
    """In May the quarter belongs to May; in June it belongs to June, and still waits in May."""
    store = journey.source.store
    one = next(value for value in list_values(store, [CURRENT]) if value.period == "2024Q2")
    spoilt = replace(one, value="many", deleted=False, last_updated=None)
    store.put_data_values([spoilt])
    journey.materialise(CURRENT)
    assert [key_of(row) for row in journey.quarantine(CURRENT)] == [spoilt.key]
    store.put_data_values([replace(spoilt, value="12")])
    journey.monkeypatch.setattr(asset_module, "date", June)
    journey.materialise(CURRENT)
    assert [key_of(row) for row in journey.quarantine(CURRENT)] == [spoilt.key]
    run = replay(journey, CURRENT)
    assert list_outcomes(run, month=CURRENT) == {"created": 1}
    assert journey.quarantine(CURRENT) == []


def test_a_range_of_months_is_replayed_month_by_month(journey: Journey) -> None:
    months = SIX_MONTHS[:2]
    mend = lose_malaria(journey)
    journey.materialise(*months)
    live = [row for month in months for row in journey.quarantine(month) if not row["deleted"]]
    mend()
    journey.clear_requests()
    run = journey._execute("replay_quarantine", months, (PAIR,))
    assert run.success, run.failure
    assert journey.rows_sent() == len(live) > 0
    assert [journey.quarantine(month) for month in months] == [[], []]
    journey.materialise(*months)
    journey.prove_nothing_is_lost(*months)


def test_unknown_rows_are_refused_before_anything_is_read(journey: Journey) -> None:
    spoilt = find_spoilt(journey)
    journey.materialise(MONTH)
    journey.clear_requests()
    before = journey.quarantine(MONTH)
    for run in (replay(journey, rows=["0123456789abcdef"]), discard(journey, ["0123456789abcdef"])):
        assert not run.success
        assert "has no id 0123456789abcdef" in run.failure
    told = replay(journey, codes=["E0000"])
    assert "has no code E0000" in told.failure
    assert journey.requests() == []
    assert journey.quarantine(MONTH) == before
    journey.prove_nothing_is_lost(MONTH, missing={spoilt.key})
