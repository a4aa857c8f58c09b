"""What cannot land waits on a work list: it leaves when it landed or a person said so."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from d2_assets.sandbox import Fault
from d2_assets_tests.journeys.journey import PAIR, Journey, key_of
from d2_assets_tests.journeys.refusing import keep_units
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.working_off import (
    LIST,
    discard,
    find_spoilt,
    lose_malaria,
    replay,
)
from d2_assets_tests.journeys.world import (
    MONTH,
    SIX_MONTHS,
    data_set_elements,
    find_object,
)

pytestmark = pytest.mark.one_direction


def read_spreadsheet(path: Path) -> list[dict[str, str]]:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return frame.to_dict("records")  # pyright: ignore[reportReturnType]


def test_pandas_reads_the_same_rows_from_both_files(journey: Journey) -> None:
    lose_malaria(journey)
    spoilt = find_spoilt(journey, 'douze é, "12"\nou 13')
    run = journey.materialise(MONTH)
    shown = run.show(MONTH, asset=LIST)
    table = pd.read_parquet(shown["work_list_file"])
    rows = [
        {name: "" if cell is None else str(cell) for name, cell in row.items() if name != "digest"}
        for row in journey.quarantine(MONTH)
    ]
    told = read_spreadsheet(Path(shown["spreadsheet_file"]))
    for row in [*rows, *told]:
        row["id"] = row["id"].lstrip("'")
        row["followup"], row["deleted"] = row["followup"].lower(), row["deleted"].lower()
    assert len(table) == shown["rows"] == len(rows) > 5
    assert list(table["reason"]) == [row["reason"] for row in rows]
    assert told == rows
    assert Path(shown["spreadsheet_file"]).read_bytes().startswith(b"\xef\xbb\xbf")
    assert spoilt.value in {row["value"] for row in told}
    waiting = {key_of(row) for row in rows}
    journey.prove_nothing_is_lost(MONTH, missing=waiting)


def test_a_row_that_vanished_at_the_source_stays_until_it_is_discarded(journey: Journey) -> None:
    spoilt = find_spoilt(journey)
    journey.materialise(MONTH)
    (before,) = journey.quarantine(MONTH)
    journey.source.store.delete_data_values([spoilt], forever=True)
    journey.materialise(MONTH)
    assert journey.quarantine(MONTH) == [before]
    run = replay(journey)
    assert run.success, run.failure
    (row,) = journey.quarantine(MONTH)
    assert (row["code"], row["attempts"]) == ("gone_at_source", 1)
    assert "does not give this row any more" in row["reason"]
    assert discard(journey, [row["id"]]).success
    journey.materialise(MONTH)
    assert journey.quarantine(MONTH) == []
    journey.prove_nothing_is_lost(MONTH)


def test_filters_do_not_take_a_row_off_the_list(journey: Journey) -> None:
    spoilt = find_spoilt(journey)
    journey.materialise(MONTH)
    monthly = find_object(journey.source.store, "dataSets", "HF_MONTHLY")["id"]
    others = [
        item["id"] for item in journey.source.store.metadata("dataSets") if item["id"] != monthly
    ]
    journey.pair["filters"] = {"data_sets": others}
    journey.materialise(MONTH)
    assert [key_of(row) for row in journey.quarantine(MONTH)] == [spoilt.key]
    assert replay(journey).success
    assert [row["code"] for row in journey.quarantine(MONTH)] == ["gone_at_source"]
    journey.pair.pop("filters")
    journey.materialise(MONTH)
    assert [row["code"] for row in journey.quarantine(MONTH)] == ["value_misfit"]
    journey.prove_nothing_is_lost(MONTH, missing={spoilt.key})


def test_a_damaged_list_stops_the_run_before_anything_is_sent(journey: Journey) -> None:
    spoilt = find_spoilt(journey)
    journey.materialise(MONTH)
    file = journey.home / "quarantine" / "data_values" / PAIR / f"{MONTH}.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    journey.source.store.put_data_values([replace(spoilt, value="12")])
    journey.clear_requests()
    run = journey.materialise(MONTH)
    assert not run.success
    assert str(file) in run.failure
    assert "nothing was overwritten" in run.failure
    assert journey.writes() == []
    assert file.read_bytes() == whole[:-20]
    file.write_bytes(whole)
    assert journey.materialise(MONTH).success
    journey.prove_nothing_is_lost(MONTH)


def test_a_preview_leaves_the_list_as_it_is(journey: Journey) -> None:
    spoilt = find_spoilt(journey)
    journey.materialise(MONTH)
    before = journey.quarantine(MONTH)
    journey.source.store.put_data_values([replace(spoilt, value="few")])
    assert journey.preview(MONTH).success
    assert journey.quarantine(MONTH) == before


def test_a_range_shows_the_list_of_each_month(journey: Journey) -> None:
    elements = data_set_elements(journey.source.store, "HF_MONTHLY")
    keep_units(journey.destination.store, "HF_MONTHLY", 2)
    run = journey.materialise(*SIX_MONTHS)
    assert run.success, run.failure
    assert run.materialised_of(LIST) == [f"{PAIR}|{month}" for month in SIX_MONTHS]
    for month in SIX_MONTHS:
        waiting = journey.quarantine(month)
        shown = run.show(month, asset=LIST)
        assert shown["rows"] == len(waiting) > 0
        assert {row["id"] for row in shown["work_list"]} <= {row["id"] for row in waiting}
        keys = {key_of(row) for row in waiting if row["kind"] == "data_value"}
        assert {key[2] for key in keys} <= set(elements)
        journey.prove_nothing_is_lost(month, missing=keys)


def test_two_pairs_of_a_month_show_a_list_each(journey: Journey) -> None:
    journey.pairs["second"] = {"source": "national", "destination": "training"}
    run = journey.materialise(MONTH, pairs=list(journey.pairs))
    assert run.success, run.failure
    assert run.materialised_of(LIST) == sorted(f"{pair}|{MONTH}" for pair in journey.pairs)
    journey.prove_nothing_is_lost(MONTH)


def test_a_pair_that_is_left_out_shows_no_list(journey: Journey) -> None:
    journey.pair["active"] = False
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert run.materialised_of(LIST) == []
    assert replay(journey).success


def test_a_pair_that_is_left_out_does_not_hide_the_list_of_another(journey: Journey) -> None:
    journey.pairs["idle"] = {"source": "national", "destination": "training", "active": False}
    spoilt = find_spoilt(journey)
    run = journey.materialise(MONTH, pairs=list(journey.pairs))
    assert run.success, run.failure
    assert run.materialised_of(LIST) == [f"{PAIR}|{MONTH}"]
    assert run.show(MONTH, asset=LIST)["rows"] == 1
    journey.prove_nothing_is_lost(MONTH, missing={spoilt.key})


def test_a_run_that_fails_half_way_shows_what_waits_so_far(journey: Journey) -> None:
    find_spoilt(journey)
    journey.destination.add_fault(
        Fault("status_503", method="POST", path_prefix="/api/dataValueSets", times=None)
    )
    run = journey.materialise(MONTH)
    assert not run.success
    assert run.materialised == []
    assert run.materialised_of(LIST) == [f"{PAIR}|{MONTH}"]
    assert run.show(MONTH, asset=LIST)["rows"] == 1


def show_list_alone(journey: Journey) -> Run:
    """The asset on its own, as "Materialize" on its page does it."""
    result = (
        journey.build_definitions()
        .resolve_implicit_global_asset_job_def()
        .execute_in_process(
            asset_selection=[dg.AssetKey.from_user_string(LIST)],
            instance=journey.instance,
            partition_key=f"{PAIR}|{MONTH}",
        )
    )
    return Run(journey.instance, result.run_id)


def test_the_list_alone_asks_no_server(journey: Journey) -> None:
    spoilt = find_spoilt(journey)
    journey.materialise(MONTH)
    journey.clear_requests()
    run = show_list_alone(journey)
    assert run.success, run.failure
    assert run.materialised == []
    shown = run.show(MONTH, asset=LIST)
    (row,) = shown["work_list"]
    assert (row["value"], row["code"], row["attempts"]) == ("many", "value_misfit", "1")
    assert [(reason["code"], reason["rows"]) for reason in shown["reasons"]] == [
        ("value_misfit", 1)
    ]
    assert journey.requests() == []
    journey.prove_nothing_is_lost(MONTH, missing={spoilt.key})
