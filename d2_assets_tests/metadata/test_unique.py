"""Of two objects that claim one code or name, the second waits and both are named."""

from typing import Any

from d2_assets.metadata.extract import Side
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.unique import check_unique
from d2_assets_tests.metadata.classes import SCHEMAS


def element(uid: str, **members: Any) -> MetadataObject:
    return MetadataObject("dataElements", uid, {"id": uid, "name": uid.title(), **members})


def side(**objects: dict[str, dict[str, Any]]) -> Side:
    return Side(objects)


def test_a_code_that_another_object_has_at_the_destination_names_both() -> None:
    there = side(dataElements={"other": {"id": "other", "name": "Other", "code": "DE_1"}})
    free, refusals = check_unique([element("anc", code="DE_1"), element("ok")], there, SCHEMAS)
    assert [item.id for item in free] == ["ok"]
    assert refusals[0].code == "unique_taken"
    assert "code «DE_1»" in refusals[0].reason
    assert "«Other» (other) at the destination" in refusals[0].reason


def test_an_object_may_keep_its_own_code() -> None:
    there = side(dataElements={"anc": {"id": "anc", "name": "Anc", "code": "DE_1"}})
    free, refusals = check_unique([element("anc", code="DE_1")], there, SCHEMAS)
    assert len(free) == 1
    assert not refusals


def test_of_two_objects_of_the_source_with_one_code_the_second_waits() -> None:
    objects = [element("first", code="A"), element("second", code="A")]
    free, refusals = check_unique(objects, side(), SCHEMAS)
    assert [item.id for item in free] == ["first"]
    assert "of the source, too" in refusals[0].reason


def test_a_name_that_its_owner_gives_up_in_this_run_is_free_in_the_next() -> None:
    there = side(dataElements={"old": {"id": "old", "name": "Visits"}})
    objects = [element("old", name="First visits"), element("new", name="Visits")]
    free, refusals = check_unique(objects, there, SCHEMAS)
    assert [item.id for item in free] == ["old"]
    assert "run again" in refusals[0].reason
