"""Generated events and tracked entities: whole, varied, the same for a seed, and importable."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from d2_assets.sandbox import ContentSpec, Sandbox, start_sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.stored_tracker import TrackerKind
from d2_assets.sandbox.stored_tracker_reads import TrackerQuery
from d2_assets_tests.sandbox.tracking import codes, find_field, post

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def start(version: str, path: Path, events: int, entities: int) -> Sandbox:
    content = ContentSpec(values=1, events=events, entities=entities)
    return start_sandbox(version, path, content=content, clock=lambda: NOW)


@pytest.mark.parametrize("kind", ["event", "trackedEntity"])
def test_more_of_them_leave_the_first_as_they_are(kind: TrackerKind, tmp_path: Path) -> None:
    with (
        start("2.40", tmp_path / "few.db", 60, 30) as few,
        start("2.43", tmp_path / "many.db", 90, 50) as many,
    ):
        first, second = (
            [item.uid for item in sandbox.store.tracker.objects(kind) if not item.enrollment]
            for sandbox in (few, many)
        )
        assert (len(first), len(second)) == ((60, 90) if kind == "event" else (30, 50))
        assert first == second[: len(first)]


def test_entities_are_in_no_program_in_one_and_in_two(tmp_path: Path) -> None:
    with start("2.42", tmp_path / "some.db", 40, 120) as sandbox:
        store = sandbox.store.tracker
        enrolled = Counter(item.tracked_entity for item in store.objects("enrollment"))
        programs = Counter(enrolled[item.uid] for item in store.objects("trackedEntity"))
        assert set(programs) == {0, 1, 2}
        first_month = int(datetime(2024, 12, 1, tzinfo=UTC).timestamp() * 1000)
        older = store.select(TrackerQuery("trackedEntity", updated_to=first_month))
        assert older
        ends = {
            (next(iter(item.body["from"])), next(iter(item.body["to"])))
            for item in store.objects("relationship")
        }
        assert ends == {
            ("trackedEntity", "trackedEntity"),
            ("trackedEntity", "event"),
            ("event", "event"),
        }


@pytest.mark.parametrize("version", ["2.38", "2.40", "2.42", "2.43"])
def test_what_was_generated_is_taken_by_an_empty_server_of_the_same_country(
    version: str, tmp_path: Path
) -> None:
    with (
        start(version, tmp_path / "from.db", 150, 40) as source,
        start(version, tmp_path / "to.db", 0, 0) as destination,
    ):
        field = find_field(source)
        old = {"skipPaging": "true", "ouMode": "ACCESSIBLE"}
        new = {"paging": "false", "orgUnitMode": "ACCESSIBLE"}
        asked = old if version in ("2.38", "2.40") else new
        bodies = _read(source, "events", asked | {"program": field.outbreak})
        events = [_without_files(source, body) for body in bodies]
        answer = post(destination, {"events": events})
        assert codes(answer) == []
        assert answer.json()["stats"]["created"] == len(events)


def test_a_replay_is_refused_by_rules_unless_they_are_skipped(tmp_path: Path) -> None:
    with start("2.42", tmp_path / "rules.db", 0, 120) as sandbox:
        field = find_field(sandbox)
        asked = {"paging": "false", "orgUnitMode": "ACCESSIBLE", "program": field.child}
        entities = _read(sandbox, "trackedEntities", asked)
        for entity in entities:
            entity["relationships"] = []
        refused = {code for code, _ in codes(post(sandbox, {"trackedEntities": entities},
                                                  skipRuleEngine="false"))}  # fmt: skip
        skipped = {code for code, _ in codes(post(sandbox, {"trackedEntities": entities}))}
        assert "E1307" in refused
        assert "E1307" not in skipped


def _read(sandbox: Sandbox, plural: str, asked: dict[str, str]) -> list[dict]:
    answer = requests.get(
        f"{sandbox.url}/api/tracker/{plural}",
        params=asked | {"fields": "*"},
        auth=("admin", read_password()),
        timeout=60,
    ).json()
    return answer.get("instances") or answer[plural]


def _without_files(sandbox: Sandbox, event: dict) -> dict:
    """An event without what must be uploaded first, and what belongs to other objects."""
    files = {
        body["id"]
        for body in sandbox.store.metadata("dataElements")
        if body["valueType"] in ("FILE_RESOURCE", "IMAGE")
    }
    values = [value for value in event["dataValues"] if value["dataElement"] not in files]
    kept = {name: value for name, value in event.items() if name != "enrollment"}
    return kept | {"dataValues": values, "relationships": []}
