"""Metadata objects as they are moved: whole lists, what identifies them, imports, maintenance.

Objects are read with ``fields=:owner``: what the object itself owns, its parts inside it. Imports
are sent gzipped and answered while we wait: one request is one answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from d2_assets.dhis2.metadata import iterate_objects
from d2_assets.dhis2.metadata_reports import MetadataReport, read_metadata_report
from d2_assets.dhis2.schemas import UNTOLD_ENDPOINTS
from d2_assets.errors import ContractError, RejectedError
from d2_assets.http.session import HttpSession

#: Only users are known by one; asked of other classes it is passed over in silence [seen].
_IDENTITY_FIELDS = "id,code,name,username"
#: The code of an option is unique in its option set only.
_OPTION_FIELDS = f"{_IDENTITY_FIELDS},optionSet[id]"
_OPTION_COMBO_FIELDS = "id,code,name,categoryCombo[id],categoryOptions[id]"
_SETTINGS = "api/systemSettings"


@dataclass(frozen=True, slots=True)
class Identity:
    """By what an object is known; empty where it has no code, name or user name. ``option_set``
    is the UID of the set that an option belongs to."""

    id: str
    code: str = ""
    name: str = ""
    username: str = ""
    option_set: str = ""


@dataclass(frozen=True, slots=True)
class OptionCombo:
    """A category option combo: its combo, and one option of each of that combo's categories."""

    id: str
    name: str = ""
    code: str = ""
    category_combo: str = ""
    category_options: frozenset[str] = frozenset()


def iterate_owned(
    session: HttpSession, plural: str, page_size: int, ids: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """Every object of a class, or those of the ids, with all that it owns.

    Raises TransientError when the list changed while it was read.
    """
    filters = [f"id:in:[{','.join(ids)}]"] if ids else []
    return _iterate(session, plural, fields=":owner", filters=filters, page_size=page_size)


def list_identities(
    session: HttpSession, plural: str, page_size: int, ids: Sequence[str] = ()
) -> list[Identity]:
    """What every object of a class, or each of the ids, is known by."""
    filters = [f"id:in:[{','.join(ids)}]"] if ids else []
    fields = _OPTION_FIELDS if plural == "options" else _IDENTITY_FIELDS
    asked = _iterate(session, plural, fields=fields, filters=filters, page_size=page_size)
    return [parse_identity(item) for item in asked]


def _iterate(session: HttpSession, plural: str, **asked: Any) -> Iterator[dict[str, Any]]:
    """The objects of a class. One whose endpoint the schemas do not tell of may have none."""
    try:
        yield from iterate_objects(session, plural, **asked)
    except RejectedError as error:
        if plural not in UNTOLD_ENDPOINTS or error.status != 404:
            raise


def list_option_combos(session: HttpSession, page_size: int) -> list[OptionCombo]:
    """Every category option combo."""
    objects = iterate_objects(
        session, "categoryOptionCombos", fields=_OPTION_COMBO_FIELDS, page_size=page_size
    )
    return [parse_option_combo(item) for item in objects]


def parse_identity(item: Mapping[str, Any]) -> Identity:
    """What an object is known by, from any body that names it."""
    return Identity(
        id=item["id"],
        code=str(item.get("code") or ""),
        name=str(item.get("name") or ""),
        username=str(item.get("username") or ""),
        option_set=(item.get("optionSet") or {}).get("id", ""),
    )


def parse_option_combo(item: Mapping[str, Any]) -> OptionCombo:
    """A category option combo from its body."""
    return OptionCombo(
        id=item["id"],
        name=str(item.get("name") or ""),
        code=str(item.get("code") or ""),
        category_combo=(item.get("categoryCombo") or {}).get("id", ""),
        category_options=frozenset(one["id"] for one in item.get("categoryOptions") or ()),
    )


def count_objects(session: HttpSession, plural: str) -> int:
    """How many objects of a class the account may see."""
    answer = session.get_json(f"api/{plural}", {"fields": "id", "pageSize": 1})
    if not isinstance(answer, Mapping) or not isinstance(answer.get(plural), list):
        raise ContractError(f"/api/{plural} answered without a list of {plural}.")
    return int((answer.get("pager") or {}).get("total") or len(answer[plural]))


def post_metadata(
    session: HttpSession,
    classes: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    strategy: str = "CREATE_AND_UPDATE",
    atomic_mode: str = "ALL",
    validate_only: bool = False,
) -> MetadataReport:
    """Send objects by class in one request.

    A refusal that DHIS2 itself gives is a report. RejectedError: not even read (413);
    ConfigurationError: the account has no right to; OutcomeUnknownError: the answer was lost.
    """
    params = {"importStrategy": strategy, "atomicMode": atomic_mode}
    if validate_only:
        params["importMode"] = "VALIDATE"
    answer = session.post_json("api/metadata", params, encode_objects(classes), gzip=True)
    name = ", ".join(f"{len(items)} {plural}" for plural, items in classes.items())
    if 400 <= answer.status < 500 and answer.status not in (400, 409):
        raise RejectedError(
            f"{session.server} refused the import of {name} ({answer.said}).",
            remedy="If the request was too large for a proxy, send smaller chunks.",
            status=answer.status,
            code=answer.code,
        )
    return read_metadata_report(answer, name)


def encode_objects(classes: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """The JSON body of an import."""
    return orjson.dumps(classes, default=_write_number)


def update_option_combos(session: HttpSession) -> None:
    """Let the server make the option combos that its category combos lack (204, 2.43: 200)."""
    _maintain(session, "api/maintenance/categoryOptionComboUpdate", None)


def clear_caches(session: HttpSession) -> None:
    """Let the server forget what it keeps in memory."""
    _maintain(session, "api/maintenance", {"cacheClear": "true"})


def get_system_settings(session: HttpSession) -> dict[str, Any]:
    """``GET /api/systemSettings``: all settings by their keys."""
    answer = session.get_json(_SETTINGS)
    if not isinstance(answer, dict):
        raise ContractError(f"{session.server}: /api/systemSettings lists no settings.")
    return answer


def post_system_settings(session: HttpSession, values: Mapping[str, Any]) -> None:
    """Store settings by their keys; what was stored is found by reading them again."""
    answer = session.post_json(_SETTINGS, None, orjson.dumps(values, default=_write_number))
    _refuse_failure(session, answer.status, f"the system settings ({answer.said})")


def _maintain(session: HttpSession, path: str, params: Mapping[str, str] | None) -> None:
    answer = session.post_json(path, params, b"")
    _refuse_failure(session, answer.status, f"the maintenance call {path} ({answer.said})")


def _refuse_failure(session: HttpSession, status: int, what: str) -> None:
    if status >= 300:
        raise RejectedError(
            f"{session.server} refused {what}.",
            remedy="Give the account the right to maintain the system, or have it done by hand.",
            status=status,
        )


def _write_number(value: Any) -> Any:
    """Decimals as they came: JSON numbers of a body are read as ``Decimal``."""
    return orjson.Fragment(str(value))
