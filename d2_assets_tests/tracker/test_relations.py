from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.relations import Relations, find_elsewhere

A, B, JOIN = "evEventA001", "evEventB001", "reJoin00001"


def _event(uid: str, month: str) -> TrackerObject:
    return TrackerObject(Kind.EVENT, uid, root=uid, parent="", body={"event": uid}, month=month)


def _relationship(month: str, start: str = A, end: str = B) -> TrackerObject:
    body = {
        "relationship": JOIN,
        "from": {"event": {"event": start}},
        "to": {"event": {"event": end}},
    }
    return TrackerObject(Kind.RELATIONSHIP, JOIN, root=start, parent="", body=body, month=month)


def test_a_relationship_that_is_met_twice_stands_once_with_the_later_month() -> None:
    for months in (("202510", "202511"), ("202511", "202510")):
        relations = Relations()
        for month in months:
            relations.add(_relationship(month))

        assert [item.month for item in relations.drain()] == ["202511"]
        assert len(relations) == 0


def test_the_later_end_counts_though_the_relationship_was_met_on_the_earlier_one_alone() -> None:
    relations = Relations()
    relations.add(_relationship("202510"))
    relations.note(_event(A, "202510"))
    relations.note(_event(B, "202511"))

    assert [item.month for item in relations.drain()] == ["202511"]


def test_ends_that_are_no_objects_of_the_run_are_strange() -> None:
    relations = Relations()
    relations.note(_event(A, "202510"))
    relations.add(_relationship("202510"))

    assert relations.list_strange_events() == [B]
    assert relations.has(A)
    assert not relations.has(B)


def test_a_deleted_relationship_names_no_ends_and_is_nobody_elses() -> None:
    gone = TrackerObject(Kind.RELATIONSHIP, JOIN, A, "", {"relationship": JOIN}, deleted=True)

    assert find_elsewhere(gone, lambda uid: False) is None


def test_a_relationship_is_elsewhere_when_one_end_is() -> None:
    verdict = find_elsewhere(_relationship("202510"), lambda uid: uid == A)

    assert verdict is not None
    assert f"event {B}" in verdict.reason
    assert find_elsewhere(_relationship("202510"), lambda uid: True) is None
