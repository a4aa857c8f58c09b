import pytest

from d2_assets.dhis2.tracker_reports import parse_tracker_report
from d2_assets.errors import TransientError
from d2_assets.tracker.collisions import _WORDS, list_collisions, name_collisions
from d2_assets_tests.recordings import needs_recordings, read_exchange
from d2_assets_tests.tracker.fake_importer import FakeImporter
from d2_assets_tests.tracker.pushing import (
    create,
    make_enrollment,
    make_entity,
    open_scratch,
    push,
    reconcile,
    stage_plan,
)


def make_server(*holders: str) -> FakeImporter:
    server = FakeImporter(unique=frozenset({"AttrNumber1"}))
    for number, uid in enumerate(holders):
        item = make_entity(uid, f"no {number}")
        server.stored[item.kind, item.id] = dict(item.body)
    return server


def test_both_entities_are_named_and_the_enrollment_says_what_it_waits_for():
    server = make_server("HolderAaaa1")
    entity = make_entity("Entity00001", "no 0")
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(entity, make_enrollment("Enroll00001", entity.id)))
        push(database, folder, server)
        reconcile(database, folder, server)
        reasons = dict(database.rows("SELECT id, reason FROM outcomes"))
        assert list_collisions(database) == [
            {
                "entity": "Entity00001",
                "attribute": "AttrNumber1",
                "name": "Number",
                "value": "no 0",
                "holder": "HolderAaaa1",
            }
        ]
    assert "Number (AttrNumber1) must be unique" in reasons["Entity00001"]
    assert "taken at the destination by HolderAaaa1" in reasons["Entity00001"]
    assert "\u00abno 0\u00bb" in reasons["Entity00001"]
    assert "Entity00001" in reasons["Enroll00001"]
    assert "E1064" in reasons["Enroll00001"]


def test_only_so_many_values_are_looked_up():
    server = make_server(*(f"Holder{number:05}" for number in range(4)))
    with open_scratch() as (database, folder):
        stage_plan(
            database,
            folder,
            create(*(make_entity(f"Entity{n:05}", f"no {n}") for n in range(4))),
        )
        push(database, folder, server)
        assert name_collisions(database, server, folder / "c.parquet", most=2) == 4
        holders = [one["holder"] for one in list_collisions(database)]
    assert holders[:2] == ["Holder00000", "Holder00001"]
    assert all("too many" in holder for holder in holders[2:])


def test_a_holder_that_cannot_be_found_or_asked_for_is_said_so():
    class Silent(FakeImporter):
        def find_entities_by_value(self, type: str, attribute: str, value: str) -> list[str]:
            if value == "no 1":
                raise TransientError("Away.")
            return []

    server = make_server("HolderAaaa1", "HolderBbbb1")
    with open_scratch() as (database, folder):
        stage_plan(
            database,
            folder,
            create(*(make_entity(f"Entity{n:05}", f"no {n}") for n in range(2))),
        )
        push(database, folder, server)
        name_collisions(database, Silent(), folder / "c.parquet")
        first, second = (one["holder"] for one in list_collisions(database))
    assert "none that the account can see" in first
    assert "could not be looked up" in second


@needs_recordings
@pytest.mark.parametrize("version", ["2.38", "2.40", "2.42", "2.43"])
def test_the_words_of_every_version_name_value_and_attribute(version: str):
    exchange = read_exchange(version, "tr-te-unique-attribute-taken")
    report = parse_tracker_report(exchange.status, exchange.body)
    assert report is not None
    (words,) = [one.message for one in report.errors if one.code == "E1064"]
    ((value, attribute),) = _WORDS.findall(words)
    sent = exchange.request["body"]["trackedEntities"][0]
    listed = [*sent["attributes"], *sent["enrollments"][0].get("attributes", ())]
    assert (attribute, value) in {(one["attribute"], one["value"]) for one in listed}
