"""Values that are files or images: what they are, fetched into files of ours, and sent.

A value of type FILE_RESOURCE or IMAGE is the UID of a file resource; its content is reached through
the event or the tracked entity that holds it, and sent before the object that will hold it. A file
resource belongs to one object for good. Addresses as in dhis2-core [read].
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d2_assets.dhis2.tracker_names import TrackerNames
from d2_assets.errors import ContractError, RejectedError
from d2_assets.http.session import HttpSession

_PATH = "api/fileResources"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file resource: ``length`` in bytes, ``md5`` of its content in hexadecimals."""

    id: str
    name: str
    content_type: str
    length: int
    md5: str


def get_file_facts(session: HttpSession, uid: str) -> FileFacts:
    """``GET /api/fileResources/{uid}``; RejectedError where there is none."""
    return _parse_facts(session.get_json(f"{_PATH}/{uid}"))


def download_event_file(
    session: HttpSession, names: TrackerNames, event: str, data_element: str, to: Path
) -> None:
    """The content of an event's value into the file ``to``, whole or not at all."""
    if names.files_in_tracker:
        path = f"api/tracker/events/{event}/dataValues/{data_element}/file"
        session.download_file(path, None, to)
        return
    params = {"eventUid": event, "dataElementUid": data_element}
    session.download_file("api/events/files", params, to)


def download_attribute_file(
    session: HttpSession,
    names: TrackerNames,
    entity: str,
    attribute: str,
    to: Path,
    program: str = "",
) -> None:
    """The content of an attribute's value into the file ``to``, whole or not at all.

    ``program``: one that the attribute is seen through, where it is not the type's. Up to 2.40 a
    server gives images only, and draws them anew: other bytes than it holds, RejectedError (409)
    for other files [read].
    """
    if names.files_in_tracker:
        path = f"api/tracker/trackedEntities/{entity}/attributes/{attribute}/file"
        session.download_file(path, {"program": program} if program else None, to)
        return
    session.download_file(f"api/trackedEntityInstances/{entity}/{attribute}/image", None, to)


def upload_file(session: HttpSession, path: Path, name: str, content_type: str) -> str:
    """Send a file's content; gives the UID of the new file resource."""
    params = {"domain": "DATA_VALUE"}
    answer = session.post_file(_PATH, params, path, name, content_type)
    body = answer.parse_json()
    found = (body.get("response") or {}).get("fileResource") if isinstance(body, Mapping) else None
    if answer.status >= 400 or not found:
        raise RejectedError(
            f"{session.server} did not take the file {name} ({answer.said}).",
            remedy="Look at the server's limits of file size and type.",
            status=answer.status,
            code=answer.code,
        )
    return found["id"]


def _parse_facts(body: Mapping[str, Any]) -> FileFacts:
    try:
        return FileFacts(
            id=body["id"],
            name=body.get("name") or body["id"],
            content_type=body.get("contentType") or "application/octet-stream",
            length=int(body["contentLength"]),
            md5=body["contentMd5"],
        )
    except KeyError as missing:
        raise ContractError(
            f"A file resource came without {missing}.", remedy="Look at it at the server."
        ) from missing
