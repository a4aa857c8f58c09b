"""Looks at stand-in sources of every version: each change is found, once, in its month."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from d2_assets.watching.looks import Look
from d2_assets.watching.marks import Mark, follow_clock
from d2_assets.watching.resources import Resource, list_resources
from d2_assets_tests.watching.watched import MONTH, VERSIONS, Watched, make_pair, watch

#: West of UTC, east of it, and so far east that the day is another one.
WEST, EAST, FAR_EAST = "America/Bogota", "Africa/Nairobi", "Pacific/Kiritimati"
PLACES = (
    ("2.38", WEST),
    ("2.40", WEST),
    ("2.40", FAR_EAST),
    ("2.42", WEST),
    ("2.42", EAST),
    ("2.43", WEST),
)
HOURS = timedelta(hours=1)
BEFORE = "202404"

Edit = Callable[[Watched], str]


def edit_value(watched: Watched) -> str:
    """A value of the month before is entered anew; gives its data set."""
    value = next(one for one in watched.sandbox.store.data_values() if one.period == BEFORE)
    watched.sandbox.store.edit_value(value.key, f"{int(float(value.value or 0)) + 1}")
    return next(
        body["id"]
        for body in watched.sandbox.store.metadata("dataSets")
        if any(
            link["dataElement"]["id"] == value.data_element
            for link in body.get("dataSetElements", ())
        )
    )


def edit_event(watched: Watched) -> str:
    """An event without registration is put into the month before; gives its program."""
    event = next(
        one
        for one in watched.sandbox.store.tracker.objects("event", include_deleted=False)
        if not one.tracked_entity
    )
    watched.sandbox.store.tracker.change("event", event.uid, occurredAt="2024-04-30T23:30:00.000")
    return event.program


def edit_entity(watched: Watched) -> str:
    """A tracked entity is deleted; gives its type."""
    entity = watched.sandbox.store.tracker.objects("trackedEntity", include_deleted=False)[0]
    watched.sandbox.store.tracker.delete_entity(entity.uid)
    return entity.type


def edit_metadata(watched: Watched) -> str:
    """A data element is renamed in the metadata of the server; gives its class."""
    store = watched.sandbox.store
    body = store.metadata("dataElements")[0]
    stamp = store.now().strftime("%Y-%m-%dT%H:%M:%S.") + "120"
    store.put_metadata("dataElements", [{**body, "name": "Renamed", "lastUpdated": stamp}])
    return "dataElements"


EDITS: Mapping[str, tuple[Edit, str]] = {
    "data_set": (edit_value, BEFORE),
    "events": (edit_event, BEFORE),
    "entities": (edit_entity, MONTH),
    "class": (edit_metadata, MONTH),
}


@pytest.mark.parametrize(("version", "zone"), PLACES)
def test_each_change_is_found_once_in_its_month_and_nothing_else(
    version: str, zone: str, tmp_path: Path
) -> None:
    with watch(version, tmp_path, zone) as watched:
        watched.off = 3 * HOURS if zone == WEST else -3 * HOURS
        facts = watched.read_facts()
        marks: dict[Resource, Mark] = dict.fromkeys(
            list_resources(watched.pair, facts), watched.begin(facts)
        )

        def look_at_all() -> dict[str, Look]:
            found = {}
            for resource in marks:
                seen = watched.look(resource, facts, marks[resource])
                marks[resource] = seen.mark
                found[resource.key] = seen
            return found

        watched.wait(300)
        look_at_all()
        watched.count_requests()
        assert not any(one.months or one.own or one.outside for one in look_at_all().values())
        assert watched.count_requests() == len(marks)
        for kind, (edit, month) in EDITS.items():
            watched.wait(40)
            changed = f"{kind}:{edit(watched)}"
            watched.wait(40)
            found = {key: dict(one.months) for key, one in look_at_all().items() if one.months}
            # a data element may be in several data sets, which all name the same month
            assert found.pop(changed) == {month: 1}
            assert all(kind == "data_set" and months == {month: 1} for months in found.values())
            watched.count_requests()
            assert not any(one.months for one in look_at_all().values())
            assert watched.count_requests() == len(marks)
        for _ in range(3):
            watched.wait(300)
            assert not any(one.months for one in look_at_all().values())


@pytest.mark.parametrize("version", VERSIONS)
def test_what_more_than_a_page_changed_is_found_whole(version: str, tmp_path: Path) -> None:
    with watch(version, tmp_path) as watched:
        watched.pair = make_pair(page_size=7)
        store, facts = watched.sandbox.store, watched.read_facts()
        mark = watched.begin(facts)
        watched.wait(60)
        entities = store.tracker.objects("trackedEntity", include_deleted=False)
        for one in entities:
            store.tracker.change("trackedEntity", one.uid, updatedBy="sync")
        stamp = store.now().strftime("%Y-%m-%dT%H:%M:%S.000")
        units = store.metadata("organisationUnits")[:20]
        store.put_metadata("organisationUnits", [{**one, "lastUpdated": stamp} for one in units])
        events = [
            one
            for one in store.tracker.objects("event", include_deleted=False)
            if not one.tracked_entity
        ]
        for one in events:
            store.tracker.change("event", one.uid, updatedBy="sync")
        watched.wait(10)
        found = {
            kind: sum(
                sum(seen.months.values()) + seen.outside
                for resource in list_resources(watched.pair, facts)
                if resource.kind == kind
                for seen in [watched.look(resource, facts, mark)]
            )
            for kind in ("class", "events", "entities")
        }
        assert found == {"class": 20, "events": len(events), "entities": len(entities)}


def test_a_server_whose_clock_was_set_back_is_followed(tmp_path: Path) -> None:
    """Between two readings of the facts the clock goes back by an hour."""
    with watch("2.42", tmp_path) as watched:
        facts, resource = watched.read_facts(), Resource("data_set", edit_value(watched))
        mark = watched.look(resource, facts, watched.begin(facts, 1)).mark
        watched.wait(1000)
        mark = watched.look(resource, facts, mark).mark
        watched.off = -1 * HOURS
        edit_value(watched)
        watched.wait(1000)
        assert watched.look(resource, facts, mark).months == {}
        renewed = watched.read_facts()
        (mark,) = follow_clock([mark], facts, renewed)
        assert watched.look(resource, renewed, mark).months == {BEFORE: 1}


def test_of_many_rows_only_numbers_are_held_and_none_is_found_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few here, with much lower limits of what is held in memory and remembered one by one."""
    monkeypatch.setattr("d2_assets.watching.sighting._ROWS_IN_MEMORY", 30)
    monkeypatch.setattr("d2_assets.watching.looks.MOST_REMEMBERED", 20)
    with watch("2.43", tmp_path) as watched:
        resource, store = Resource("data_set", edit_value(watched)), watched.sandbox.store
        facts = watched.read_facts()
        mark = watched.begin(facts)
        watched.wait(60)
        values = [one for one in store.data_values() if not one.deleted]
        store.put_data_values([replace(one, value="5", last_updated=None) for one in values])
        watched.wait(10)
        found = watched.look(resource, facts, mark)
        assert sum(found.months.values()) > 40
        assert [*tmp_path.glob("*.parquet"), *tmp_path.glob("*.download")] == []
        again = watched.look(resource, facts, found.mark)
        assert again.months == {}
        watched.wait(10)
        edit_value(watched)
        # the months of which something else is missing among what was seen count as well
        assert set(watched.look(resource, facts, again.mark).months) == {BEFORE}


def test_a_login_is_no_change_of_a_user_and_an_edit_is(tmp_path: Path) -> None:
    with watch("2.40", tmp_path) as watched:
        facts, resource = watched.read_facts(), Resource("class", "users")
        mark = watched.begin(facts)
        watched.wait(60)
        seen = watched.look(resource, facts, mark)
        assert seen.months == {}
        store = watched.sandbox.store
        user = next(one for one in store.metadata("users") if one["username"] == "clerk")
        stamp = store.now().strftime("%Y-%m-%dT%H:%M:%S.500")
        store.put_metadata("users", [{**user, "surname": "Other", "lastUpdated": stamp}])
        watched.wait(60)
        assert watched.look(resource, facts, seen.mark).months == {MONTH: 1}
