import dagster as dg

from d2_assets.defs.tables import show_outcomes, show_progress, show_table
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.sync.progress import Progress


def read(table: dg.MetadataValue) -> list[dict]:
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]


def test_a_table_keeps_numbers_and_turns_the_rest_into_text() -> None:
    table = show_table([{"name": "a", "rows": 3, "day": None}])
    assert read(table) == [{"name": "a", "rows": 3, "day": "None"}]
    assert isinstance(table, dg.TableMetadataValue)
    assert {column.name: column.type for column in table.schema.columns} == {
        "name": "string",
        "rows": "int",
        "day": "string",
    }


def test_an_empty_table_says_so() -> None:
    assert read(show_table([])) == [{"": "none"}]


def test_every_outcome_is_shown_with_its_rows_and_meaning() -> None:
    rows = read(show_outcomes(Tally(3, {Outcome.CREATED: 2, Outcome.QUARANTINED: 1})))
    assert [row["outcome"] for row in rows] == [str(outcome) for outcome in Outcome]
    assert sum(row["rows"] for row in rows) == 3
    assert all(row["meaning"] for row in rows)


def test_progress_shows_all_that_people_watch() -> None:
    shown = show_progress(Progress("sending 202404", total=200, processed=50, success=49))
    assert shown["percent"] == 25
    assert set(shown) == {
        "stage",
        "percent",
        "total",
        "processed",
        "success",
        "warnings",
        "errors",
        "rate",
        "elapsed",
    }
