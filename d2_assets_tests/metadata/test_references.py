"""References in objects of every class: found, exchanged, and nothing else touched."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d2_assets.dhis2.schemas import Schemas, parse_schemas
from d2_assets.mapping.crosswalk import Crosswalk, Match
from d2_assets.metadata.expressions import iterate_body_ids, rewrite_body
from d2_assets.metadata.families import family_of
from d2_assets.metadata.references import iterate_references, rewrite_references
from d2_assets.sandbox.content_metadata import Country, Extent
from d2_assets.sandbox.versions import VERSIONS as SANDBOX_VERSIONS
from d2_assets_tests.recordings import SHARED, VERSIONS, needs_recordings, read_schemas

Body = dict[str, Any]

every_version = pytest.mark.parametrize("version", VERSIONS)
_UID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]{10}(?![A-Za-z0-9])")
#: Dashboards call some event visualizations event reports or charts, which are other classes.
_OTHER_NAMES = {("dashboards", "dashboardItems")}


@cache
def _schemas(version: str) -> Schemas:
    return parse_schemas({"schemas": read_schemas(version)})


@cache
def _packages() -> dict[str, dict[str, list[Body]]]:
    return {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted((SHARED / "packages").glob("*.json"))
    }


@cache
def _country(version: str) -> dict[str, list[Body]]:
    return dict(Country(2026, SANDBOX_VERSIONS[version], Extent(20, "2024-01-01")).metadata)


def _iterate_objects(metadata: dict[str, Any], schemas: Schemas) -> Iterator[tuple[str, Body]]:
    for plural, bodies in metadata.items():
        schema = schemas.get(plural)
        if family_of(plural) and schema:
            for body in bodies:
                # As a server gives it: older packages also hold what others own, or derived.
                yield plural, {name: body[name] for name in body if name in schema.properties}


@cache
def _samples() -> list[tuple[str, str, Body]]:
    """Version, class and body of all kinds of objects."""
    found = [
        (version, plural, body)
        for version in VERSIONS
        for plural, body in _iterate_objects(_country(version), _schemas(version))
    ]
    packages = [
        ("2.40", plural, body)
        for metadata in _packages().values()
        for plural, body in _iterate_objects(metadata, _schemas("2.40"))
    ]
    return found + packages[::7]


def _iterate_texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield path, name
            yield from _iterate_texts(member, f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _iterate_texts(item, path)
    elif isinstance(value, str):
        yield path, value


def _find_overlooked(metadata: dict[str, Any], version: str) -> set[tuple[str, str]]:
    """Class and first member of UIDs that stay when every object gets another one."""
    schemas = _schemas(version)
    objects = list(_iterate_objects(metadata, schemas))
    crosswalk = Crosswalk(
        tuple(
            Match(plural, body["id"], _turn_round(body["id"]), "table") for plural, body in objects
        )
    )
    known = {body["id"] for _, body in objects}
    overlooked = set()
    for plural, body in objects:
        moved = rewrite_references(body, plural, schemas, crosswalk)
        moved = rewrite_body(moved, plural, crosswalk)
        for path, text in _iterate_texts(moved):
            if not known.isdisjoint(_UID.findall(text)):
                overlooked.add((plural, path.split(".")[1]))
    return overlooked


def _turn_round(uid: str) -> str:
    return "X" + uid[:0:-1]


@needs_recordings
@every_version
def test_no_uid_of_another_object_is_overlooked_in_the_real_packages(version: str) -> None:
    for metadata in _packages().values():
        assert _find_overlooked(metadata, version) == set()


@needs_recordings
@every_version
def test_no_uid_of_another_object_is_overlooked_in_a_country_with_every_class(
    version: str,
) -> None:
    found = _find_overlooked(_country(version), version)
    assert found - _OTHER_NAMES == set()


@needs_recordings
@every_version
def test_what_is_referred_to_has_the_class_that_the_reference_says(version: str) -> None:
    metadata = _country(version)
    classes = {body["id"]: plural for plural, bodies in metadata.items() for body in bodies}
    wrong = {
        (plural, one.path, one.plural, classes[one.id])
        for plural, body in _iterate_objects(metadata, _schemas(version))
        for one in iterate_references(body, plural, _schemas(version))
        if one.id in classes
        and classes[one.id] != one.plural
        # Event reports and charts are event visualizations under another name.
        and one.plural not in ("eventReports", "eventCharts")
    }
    assert wrong == set()


@st.composite
def _moved_objects(draw: st.DrawFn) -> tuple[str, str, Body, Crosswalk]:
    """An object, and a crosswalk that gives some of what it refers to, and it, other UIDs."""
    version, plural, body = draw(st.sampled_from(_samples()))
    schemas = _schemas(version)
    told = {(one.plural, one.id) for one in iterate_references(body, plural, schemas)}
    told |= {key for _, key in iterate_body_ids(body, plural)} | {(plural, body["id"])}
    chosen = draw(st.sets(st.sampled_from(sorted(told))))
    matches = tuple(
        Match(target, uid, f"Z{number:010}", "table")
        for number, (target, uid) in enumerate(sorted(chosen))
    )
    return version, plural, body, Crosswalk(matches)


def _turn(crosswalk: Crosswalk) -> Crosswalk:
    return Crosswalk(
        tuple(Match(one.plural, one.destination, one.source, one.how) for one in crosswalk)
    )


def _forget_uids(value: Any) -> str:
    return _UID.sub("", json.dumps(value))


_few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@needs_recordings
@_few
@given(st.data())
def test_an_empty_crosswalk_changes_nothing(data: st.DataObject) -> None:
    version, plural, body = data.draw(st.sampled_from(_samples()))
    assert rewrite_references(body, plural, _schemas(version), Crosswalk()) == body
    assert rewrite_body(body, plural, Crosswalk()) == body


@needs_recordings
@_few
@given(st.data())
def test_there_and_back_again_is_the_same_object(data: st.DataObject) -> None:
    version, plural, body, crosswalk = data.draw(_moved_objects())
    before = json.dumps(body)
    there = rewrite_references(body, plural, _schemas(version), crosswalk)
    back = rewrite_references(there, plural, _schemas(version), _turn(crosswalk))
    assert back == body
    assert json.dumps(body) == before


@needs_recordings
@_few
@given(st.data())
def test_a_rewritten_object_differs_in_uids_and_nothing_else(data: st.DataObject) -> None:
    version, plural, body, crosswalk = data.draw(_moved_objects())
    moved = rewrite_references(body, plural, _schemas(version), crosswalk)
    moved = rewrite_body(moved, plural, crosswalk)
    assert _forget_uids(moved) == _forget_uids(body)


@needs_recordings
@_few
@given(st.data())
def test_every_reference_and_no_other_gets_the_uid_of_the_crosswalk(data: st.DataObject) -> None:
    version, plural, body, crosswalk = data.draw(_moved_objects())
    schemas = _schemas(version)
    moved = rewrite_references(body, plural, schemas, crosswalk)
    before = [(one.plural, one.id) for one in iterate_references(body, plural, schemas)]
    after = [(one.plural, one.id) for one in iterate_references(moved, plural, schemas)]
    assert after == [(target, crosswalk.get(target, uid)) for target, uid in before]
    assert moved["id"] == crosswalk.get(plural, body["id"])
