"""One object under several names travels once."""

from typing import Any

import pytest

from d2_assets.dhis2.dialects import find_dialect
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.translate import Bridge, translate_objects
from d2_assets_tests.metadata.classes import klass, make_schemas, text
from d2_assets_tests.metadata.versions import ROUTES, bridge
from d2_assets_tests.recordings import needs_recordings, read_exchange

pytestmark = needs_recordings


def recorded(version: str, plural: str) -> list[MetadataObject]:
    body: Any = read_exchange(version, f"list-{plural}").body
    return [MetadataObject(plural, one["id"], one) for one in body[plural]]


@pytest.mark.parametrize(("source", "destination"), ROUTES)
def test_what_a_server_lists_in_both_views_travels_once(source: str, destination: str) -> None:
    whole = recorded(source, "eventVisualizations")
    views = recorded(source, "eventReports")
    adapted = translate_objects([*views, *whole], bridge(source, destination))
    assert [one.key for one in adapted.objects] == [one.key for one in whole]
    assert [one.plural for one in adapted.left_out] == ["eventReports"] * len(views)
    assert {one.code for one in adapted.left_out} == {"same_object"}


@pytest.mark.parametrize(
    ("plural", "kind"), [("eventReports", "PIVOT_TABLE"), ("eventCharts", "COLUMN")]
)
def test_what_comes_under_an_old_name_alone_becomes_an_event_visualization(
    plural: str, kind: str
) -> None:
    body = {"id": "Y9G4tIu7Hzu", "name": "Deaths", "program": {"id": "TP01C129Or9"}}
    item = MetadataObject(plural, "Y9G4tIu7Hzu", body)
    adapted = translate_objects([item], bridge("2.40", "2.42"))
    (one,) = adapted.objects
    assert one.key == ("eventVisualizations", "Y9G4tIu7Hzu")
    assert (one.body["type"], one.body["legacy"]) == (kind, True)
    assert [told.property for told in adapted.adaptations] == ["class"]


def test_a_destination_without_the_class_gets_reports_and_charts() -> None:
    program = text("program")
    kind = text("type")
    old = make_schemas(
        klass("eventReport", "eventReports", program, kind),
        klass("eventChart", "eventCharts", program, kind),
    )
    new = make_schemas(klass("eventVisualization", "eventVisualizations", program, kind))
    dialect = find_dialect("2.38")[0]
    objects = [
        MetadataObject("eventVisualizations", uid, {"id": uid, "name": "x", "type": kind})
        for uid, kind in (("a", "LINE_LIST"), ("b", "PIE"))
    ]
    adapted = translate_objects(objects, Bridge(new, old, dialect, dialect))
    assert [one.key for one in adapted.objects] == [("eventReports", "a"), ("eventCharts", "b")]
