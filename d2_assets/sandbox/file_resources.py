"""File resources: content that is uploaded first and then named as a value.

Answers to uploads and the addresses of downloads are dhis2-core's [read].
"""

import hashlib
import re
from random import SystemRandom

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.answers import Answer, answer_json, answer_message
from d2_assets.sandbox.instance import Instance, format_instant
from d2_assets.sandbox.stored_tracker import Body, TrackerKind
from d2_assets.sandbox.versions import VersionFacts

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_NAME = re.compile(rb'filename="([^"]*)"')
_TYPE = re.compile(rb"(?im)^content-type:\s*([^\r\n]+)")


def answer_upload(instance: Instance, content_type: str, body: bytes, domain: str) -> Answer:
    """``POST /api/fileResources`` with a form of one file."""
    part = _read_form(content_type, body)
    if part is None:
        return answer_message(instance.facts, 400, message="Required part 'file' is not present.")
    name, kind, content = part
    uid = generate_uid(SystemRandom())
    now = format_instant(instance.store.now())
    facts: Body = {
        "id": uid,
        "name": name,
        "created": now,
        "lastUpdated": now,
        "contentType": kind,
        "contentLength": len(content),
        "contentMd5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "domain": domain or "DATA_VALUE",
        "storageStatus": "STORED",
        "hasMultipleStorageFiles": False,
    }
    instance.store.files.put(facts, content)
    response = {"responseType": "FileResource", "fileResource": facts}
    return answer_message(instance.facts, 202, response=response)


def answer_file_facts(instance: Instance, uid: str) -> Answer:
    """``GET /api/fileResources/{uid}``."""
    found = instance.store.files.find(uid)
    if found is None:
        return _answer_missing(instance.facts, uid)
    return answer_json(instance.facts, found[0])


def answer_value_file(instance: Instance, kind: TrackerKind, uid: str, name: str) -> Answer:
    """The content behind a data value of an event, or an attribute of a tracked entity."""
    holder = instance.store.tracker.find(kind, uid)
    member, key = ("dataValues", "dataElement") if kind == "event" else ("attributes", "attribute")
    values = (holder.body.get(member) if holder and not holder.deleted else ()) or ()
    value = next((row["value"] for row in values if row.get(key) == name), None)
    found = instance.store.files.find(str(value)) if value else None
    if found is None:
        return _answer_missing(instance.facts, str(value or uid))
    facts, content = found
    disposition = f'filename="{facts["name"]}"'
    headers = {"content-type": facts["contentType"], "content-disposition": disposition}
    return Answer(200, content, headers)


def _answer_missing(facts: VersionFacts, uid: str) -> Answer:
    words = f"FileResource with id {uid} could not be found."
    return answer_message(facts, 404, message=words, error_code="E1005")


def _read_form(content_type: str, body: bytes) -> tuple[str, str, bytes] | None:
    """Name, type and content of the first file in a form."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return None
    mark = b"--" + boundary[1].encode()
    for part in (b"\r\n" + body).split(b"\r\n" + mark)[1:-1]:
        head, found, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if found and name:
            kind = _TYPE.search(head)
            said = kind[1].decode().strip() if kind else "application/octet-stream"
            return name[1].decode("utf-8", "replace"), said, content
    return None
