"""Files are compared by their content, and moved once for each object that needs one."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from d2_assets.dhis2.dialects import DIALECTS
from d2_assets.dhis2.files import FileFacts
from d2_assets.dhis2.programs import Program, ProgramAttribute, TrackedEntityType, Typed
from d2_assets.errors import ContractError, RejectedError
from d2_assets.tracker.facts import Facts
from d2_assets.tracker.files import Files
from d2_assets.tracker.nest import Change, nest
from d2_assets.tracker.objects import Body, Kind, TrackerObject
from d2_assets.tracker.scope import Scope

PHOTO, TEXT = "PhotoElemt1", "TextElement"
OF_TYPE, OF_PROGRAM = "PhotoOfType", "PhotoOfProg"
FACTS = Facts(
    attributes={
        OF_TYPE: Typed(OF_TYPE, "Photo", "IMAGE"),
        OF_PROGRAM: Typed(OF_PROGRAM, "Scan", "FILE_RESOURCE"),
    },
    types={"TypeOfEntit": TrackedEntityType("TypeOfEntit", "Person", (OF_TYPE,))},
    elements={
        PHOTO: Typed(PHOTO, "Photo", "IMAGE"),
        TEXT: Typed(TEXT, "Remark", "TEXT"),
    },
)
SCOPE = Scope(
    is_registration=True,
    programs={
        uid: Program(uid, uid, attributes=(ProgramAttribute(OF_PROGRAM),))
        for uid in ("ProgramNum1", "ProgramNum2")
    },
    facts=FACTS,
)


@dataclass
class FakeServer:
    """Contents by the UID of their resource, and which event and element hold them."""

    contents: dict[str, bytes] = field(default_factory=dict)
    held: dict[tuple[str, str], str] = field(default_factory=dict)
    seen_through: str = ""
    uploads: int = 0
    asked: int = 0
    redraws: bool = False

    def get_file_facts(self, uid: str) -> FileFacts:
        self.asked += 1
        if uid not in self.contents:
            raise RejectedError(f"There is no file resource {uid}.", status=404)
        content = self.contents[uid]
        return FileFacts(uid, f"{uid}.png", "image/png", len(content), md5(content))

    def download_event_file(self, event: str, data_element: str, to: Path) -> None:
        content = self.contents[self.held[event, data_element]]
        to.write_bytes(content[::-1] if self.redraws else content)

    def download_attribute_file(
        self, entity: str, attribute: str, to: Path, program: str = ""
    ) -> None:
        if program != self.seen_through:
            raise RejectedError(f"{entity} is not in the program {program}.", status=404)
        self.download_event_file(entity, attribute, to)

    def upload_file(self, path: Path, name: str, content_type: str) -> str:
        self.uploads += 1
        uid = f"NewFile{self.uploads:04d}"
        self.contents[uid] = path.read_bytes()
        return uid


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def make_event(photo: str, uid: str = "EventNumbr1") -> TrackerObject:
    values = [
        {"dataElement": PHOTO, "value": photo},
        {"dataElement": TEXT, "value": "clear"},
    ]
    return TrackerObject(Kind.EVENT, uid, uid, "", {"event": uid, "dataValues": values})


def make_entity(attribute: str) -> TrackerObject:
    uid = "EntityNumb1"
    values = [{"attribute": attribute, "value": "SourceFile1"}]
    body = {"trackedEntity": uid, "attributes": values}
    return TrackerObject(Kind.TRACKED_ENTITY, uid, uid, "", body, type="TypeOfEntit")


def value_of(body: Body, element: str) -> str:
    return next(part["value"] for part in body["dataValues"] if part["dataElement"] == element)


@pytest.fixture
def source() -> FakeServer:
    return FakeServer({"SourceFile1": b"a photo"}, {("EventNumbr1", PHOTO): "SourceFile1"})


@pytest.fixture
def destination() -> FakeServer:
    return FakeServer({"TargetFile1": b"a photo", "TargetFile2": b"another"})


@pytest.fixture
def files(source: FakeServer, destination: FakeServer, tmp_path: Path) -> Files:
    return Files(source, destination, SCOPE, tmp_path)


def change(item: TrackerObject, old_body: Body | None = None) -> Change:
    return Change(item.kind, item.id, item.root, item.parent, item.body, old_body)


def test_a_file_is_what_is_in_it_on_both_servers(files: Files) -> None:
    theirs, verdict = files.identify_source(make_event("SourceFile1"))
    assert verdict is None
    assert theirs == files.identify_destination(make_event("TargetFile1"))
    assert theirs != files.identify_destination(make_event("TargetFile2"))
    assert value_of(theirs.body, PHOTO) == f"file:{md5(b'a photo')}:7"
    assert value_of(theirs.body, TEXT) == "clear"


def test_a_file_that_the_source_lost_is_a_verdict(files: Files) -> None:
    item, verdict = files.identify_source(make_event("NoSuchFile1"))
    assert verdict is not None
    assert verdict.code == "file_missing"
    assert "EventNumbr1" in verdict.reason
    assert item == make_event("NoSuchFile1")


def test_a_file_that_the_destination_lost_differs_from_all(files: Files) -> None:
    item = files.identify_destination(make_event("NoSuchFile1"))
    assert value_of(item.body, PHOTO) == "file:missing"


def test_a_new_object_gets_an_upload_of_its_own(files: Files, destination: FakeServer) -> None:
    item, _ = files.identify_source(make_event("SourceFile1"))
    sent = files.place(change(item))
    uid = value_of(sent.body, PHOTO)
    assert destination.contents[uid] == b"a photo"
    assert value_of(files.place(change(item)).body, PHOTO) != uid


def test_a_file_that_is_there_is_named_by_its_uid_there(
    files: Files, destination: FakeServer
) -> None:
    item, _ = files.identify_source(make_event("SourceFile1"))
    old = files.identify_destination(make_event("TargetFile1")).body
    sent = files.place(change(item, old))
    assert destination.uploads == 0
    assert value_of(sent.body, PHOTO) == "TargetFile1"
    assert value_of(sent.body, TEXT) == "clear"


def test_a_file_that_is_gone_at_the_source_is_taken_away_beside_one_that_stays(
    files: Files,
) -> None:
    item, _ = files.identify_source(make_event("SourceFile1"))
    old = files.identify_destination(make_event("TargetFile1")).body
    gone = {"dataElement": "OtherPhoto1", "value": "file:00:1"}
    more = {**old, "dataValues": [*old["dataValues"], gone]}
    (sent,) = nest([files.place(change(item, more))], DIALECTS[-1])["events"]
    assert {"dataElement": "OtherPhoto1", "value": None} in sent["dataValues"]
    assert value_of(sent, PHOTO) == "TargetFile1"


def test_another_file_takes_the_place_of_the_old_one(files: Files, destination: FakeServer) -> None:
    item, _ = files.identify_source(make_event("SourceFile1"))
    old = files.identify_destination(make_event("TargetFile2")).body
    sent = files.place(change(item, old))
    assert destination.contents[value_of(sent.body, PHOTO)] == b"a photo"


def test_a_file_that_comes_otherwise_than_it_is_is_not_sent(
    files: Files, source: FakeServer, destination: FakeServer, tmp_path: Path
) -> None:
    item, _ = files.identify_source(make_event("SourceFile1"))
    source.redraws = True
    with pytest.raises(ContractError, match=r"SourceFile1\.png"):
        files.place(change(item))
    assert destination.uploads == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("attribute", "program"),
    [(OF_TYPE, ""), (OF_PROGRAM, "ProgramNum1"), (OF_PROGRAM, "ProgramNum2")],
)
def test_a_file_of_an_attribute_is_fetched_through_what_shows_it(
    files: Files, source: FakeServer, destination: FakeServer, attribute: str, program: str
) -> None:
    source.held["EntityNumb1", attribute] = "SourceFile1"
    source.seen_through = program
    item, _ = files.identify_source(make_entity(attribute))
    (part,) = files.place(change(item)).body["attributes"]
    assert destination.contents[part["value"]] == b"a photo"


def test_a_file_that_no_program_shows_is_refused_by_the_server(
    files: Files, source: FakeServer
) -> None:
    source.seen_through = "ProgramNum3"
    item, _ = files.identify_source(make_entity(OF_PROGRAM))
    with pytest.raises(RejectedError, match="EntityNumb1"):
        files.place(change(item))


def test_objects_without_files_cost_nothing(files: Files, source: FakeServer) -> None:
    plain = replace(make_event(""), body={"event": "EventNumbr1", "status": "ACTIVE"})
    item, _ = files.identify_source(plain)
    assert files.place(change(item)) == change(plain)
    assert source.asked == 0
