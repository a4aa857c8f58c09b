"""How the tables of a metadata family look."""

import dagster as dg

from d2_assets.defs import metadata_tables as tables
from d2_assets.ledger.outcomes import Outcome
from d2_assets.mapping.crosswalk import Match
from d2_assets.metadata.families import DATA_VALUES_NEED
from d2_assets.metadata.plan import Action, Plan, Planned
from d2_assets.sync.metadata import NotCarried, Promised
from d2_assets_tests.defs.family_results import adaptation, difference, make_result, refusal


def read(table: dg.MetadataValue) -> list[dict]:
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]


def test_each_class_has_a_row_and_each_outcome_that_occurs_a_column() -> None:
    by_class = {
        "options": {Outcome.CREATED: 3, Outcome.QUARANTINED: 1},
        "optionSets": {Outcome.UNCHANGED: 2},
    }
    assert read(tables.show_classes(make_result(by_class=by_class))) == [
        {"class": "optionSets", "objects": 2, "created": 0, "unchanged": 2, "quarantined": 0},
        {"class": "options", "objects": 4, "created": 3, "unchanged": 0, "quarantined": 1},
    ]


def test_the_reasons_of_a_quarantine_come_most_frequent_first_with_an_example() -> None:
    refusals = [refusal("a", "E4000"), refusal("b"), refusal("c")]
    assert read(tables.show_reasons(refusals)) == [
        {
            "class": "dataElements",
            "code": "missing_reference",
            "objects": 2,
            "for example": "b lacks something.",
        },
        {
            "class": "dataElements",
            "code": "E4000",
            "objects": 1,
            "for example": "a lacks something.",
        },
    ]


def test_long_tables_show_their_first_rows_and_count_the_rest_by_reason() -> None:
    adaptations = [adaptation(f"element{number}") for number in range(120)]
    assert len(read(tables.show_adaptations(adaptations))) == tables.MOST
    assert read(tables.show_adaptation_reasons(adaptations)) == [
        {"class": "dataElements", "property": "sharing", "objects": 120,
         "why": "Nobody knows them."}
    ]  # fmt: skip


def test_what_stays_different_is_shown_before_what_was_mended() -> None:
    found = [difference("a", "drift"), difference("b", "kept"), difference("c", "lost")]
    rows = read(tables.show_differences(found))
    assert [row["id"] for row in rows] == ["c", "b", "a"]
    assert rows[0]["why"] == "It was sent, and the server left the reference out."
    assert (rows[0]["source"], rows[0]["destination"]) == ("a", "b")


def test_other_uids_and_what_is_not_carried_are_named() -> None:
    match = Match("dataElements", "source", "destination", "code", "ANC")
    assert read(tables.show_crosswalk([match])) == [
        {"class": "dataElements", "source": "source", "destination": "destination",
         "matched by": "code", "name": "ANC"}
    ]  # fmt: skip
    stays = [NotCarried("apiToken", 2, "credentials"), NotCarried("icons", 0, "unknown")]
    assert read(tables.show_not_carried(stays)) == [
        {"class": "apiToken", "objects": "2", "why": "credentials"},
        {"class": "icons", "objects": "the server does not say", "why": "unknown"},
    ]


def test_what_metadata_would_bring_is_told_beside_the_plan_of_the_data() -> None:
    promised = Promised({("dataSets", "a"): "A", ("dataSets", "b"): "B", ("maps", "c"): "C"})
    (row,) = read(tables.show_promised(promised, DATA_VALUES_NEED)["metadata_would_bring"])
    assert (row["class"], row["objects"]) == ("dataSets", 2)
    assert tables.show_promised(Promised({("maps", "c"): "C"}), DATA_VALUES_NEED) == {}


def test_outcomes_that_no_object_can_have_are_not_shown() -> None:
    assert set(Outcome) - tables.OBJECT_WORDS.keys() == {
        Outcome.DESTINATION_NEWER,
        Outcome.DISCARDED,
    }


def test_what_is_left_out_is_named_with_its_reason() -> None:
    stays = Planned(("systemSettings", "keyEmailPassword"), "", "keyEmailPassword", "",
                    Action.FILTERED, reason="Mail belongs to one server.")  # fmt: skip
    goes = Planned(("constants", "a"), "a", "A", "", Action.CREATE)
    assert read(tables.show_left_out(Plan((stays, goes)))) == [
        {
            "class": "systemSettings",
            "id": "keyEmailPassword",
            "name": "keyEmailPassword",
            "why": "Mail belongs to one server.",
        }
    ]


def test_tables_without_rows_say_so() -> None:
    for show in (
        tables.show_refusals,
        tables.show_reasons,
        tables.show_adaptations,
        tables.show_differences,
        tables.show_crosswalk,
        tables.show_not_carried,
    ):
        assert read(show([])) == [{"": "none"}]


def test_every_action_of_a_plan_has_words() -> None:
    assert tables.PLAN_WORDS.keys() == set(Action)
